"""One page with every piece on it, for tests that render and for eyes that look."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from markupsafe import Markup

from node import i18n
from node.appkeys import Viewer
from node.text import clean_html, compose
from node.web import dates, render
from node.web.cards import Choice, FileLine, Leaf, NoticeBand, PersonLine, Picture, Place, PostCard
from node.web.forms import Form
from node.web.render import Frame, House

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


class Sample(msgspec.Struct, kw_only=True):
    """The form on the sample page."""

    text: Annotated[str, msgspec.Meta(max_length=500)] = ""
    audience: str = "public"
    email: str = ""
    language: str = "de"
    agreed: bool = False


def person(name: str, handle: str, **more: object) -> PersonLine:
    """A person for samples."""
    return PersonLine(name=name, handle=handle, url=f"/@{handle}", **more)  # type: ignore[arg-type]


AMINA = person("Amina Özdemir", "amina@lindenhof.example", here=True, id=3)
OLENA = person("Олена Коваль", "olena@kvartyra.example", avatar_url=PIXEL, id=4)
SAMI = person("سامي حداد", "sami@bayt.example", id=5)
EVERYTHING = frozenset(
    {"reply", "like", "boost", "bookmark", "edit", "delete", "pin", "report", "mute", "block"}
)


def cards() -> list[PostCard]:
    """Posts in all their forms."""
    written = compose(
        "Am **Sonntag** reparieren wir wieder zusammen. Bringt Toaster, Räder und Hosen mit, @olena@kvartyra.example! "
        "#Reparatur\n\n- Kaffee gegen Spende\n- https://www.lindenhof.example/termine/reparaturcafe-2026-12-20?von=brett",
        mentions={"olena@kvartyra.example": "https://kvartyra.example/@olena"},
    ).html
    return [
        PostCard(
            id=1, url="/@amina/1", author=AMINA, published_at=NOW - timedelta(hours=3), html=Markup(written),
            audience="public", audience_sentence="Öffentlich: alle im Netz können das lesen.", language="de",
            can=EVERYTHING, liked=True, pinned=True, edited_at=NOW, is_focus=True,
            likes_note="Olena und Sami sagen danke.",
        ),
        PostCard(
            id=2, url="/@olena/2", author=OLENA, published_at=NOW - timedelta(days=2), depth=1, reply_to=AMINA,
            html=Markup(clean_html("<p>Я прийду з тостером. <a href='https://kvartyra.example/tags/x'>#x</a></p>")),
            audience="followers", audience_sentence="Nur wer Olena folgt", language="uk", reply_to_url="/@amina/1",
            can=EVERYTHING - {"edit", "delete", "pin"}, remote_url="https://kvartyra.example/@olena/2",
            pictures=(
                Picture(url="#", preview_url=PIXEL, alt="Ein Toaster auf einer Werkbank", width=640, height=420),
                Picture(url="#", preview_url=PIXEL, width=640, height=420),
            ),
        ),
        PostCard(
            id=3, url="/@sami/3", author=SAMI, published_at=NOW - timedelta(days=400), warning="Essen",
            boosted_by=AMINA, html=Markup(clean_html("<p>القهوة جاهزة في الفناء، أهلا بكم جميعا.</p>")), language="ar",
            audience="local", audience_sentence="Nur im Lindenhof", can=frozenset({"like", "reply", "boost"}),
            files=(FileLine(url="#", name="einladung.pdf"),),
        ),
    ]  # fmt: skip


TEMPLATE = """{% extends "base.html" %}
{% from "_partials/pieces.html" import notice, people, chips, pager, empty, leaf, menu %}
{% from "_partials/forms.html" import error_list, field, area, audience_picker, select, tick, file_field, button, button_form, confirm, csrf_field %}
{% from "_partials/post.html" import post, post_list %}
{% block title %}Sample{% endblock %}
{% block main %}
<div class="head">{{ leaf(day) }}<div><h1>Willkommen im Lindenhof: gemeinsam statt wegwerfen</h1><p class="lead">Ein Haus für alle, die etwas zusammen tun.</p></div></div>
{% for band in bands %}{{ notice(band) }}{% endfor %}
{{ chips(places, "Zeitraum") }}
{{ post_list(cards) }}
{{ pager(older="?max_id=1", newer="?min_id=3") }}
<h2>Menschen</h2>
{% call(someone) people(persons) %}{{ button_form("/people/1/follow", "Folgen", "slim quiet") }}{% endcall %}
{{ empty("Hier ist es noch still. Stell dich kurz vor?", "/write", "Schreiben") }}
<h2>Schreiben</h2>
{{ error_list(form, {"text": "Text"}) }}
<form method="post" action="/write" data-draft="sample">{{ csrf_field() }}
{{ area(form, "text", "Was möchtest du teilen?", "Mit @ nennst du jemanden.", most=500) }}
{{ field(form, "email", "E-Mail", kind="email", autocomplete="email") }}
{{ audience_picker(form, audiences) }}
{{ select(form, "language", "Sprache", audiences) }}
{{ file_field(form, "picture", "Foto", alt_name="alt") }}
{{ tick(form, "agreed", "Ich habe die Regeln gelesen") }}
<div class="buttons">{{ button("An 38 Menschen senden") }}{{ button("Vorschau", "quiet") }}{{ button("Verwerfen", "danger") }}</div></form>
<div class="card"><dl class="facts"><div><dt>Wann</dt><dd>Sonntag, 20. Dezember<br>14 bis 18 Uhr</dd></div><div><dt>Wo</dt><dd><a href="#">Lindenhof 12, Hamburg</a></dd></div></dl></div>
{% endblock %}"""  # noqa: E501


def context() -> dict[str, object]:
    """What the sample shows."""
    form = Form(Sample(text="Hallo", audience="public"))
    form.fail(
        "text", "Please use at most %(most)s characters; there are %(length)s now.", most=500, length=512
    )
    return {
        "cards": cards(),
        "day": Leaf("Dez", "20", "So"),
        "bands": [
            NoticeBand("note", "Der Termin wurde verschoben.", "#", "Ansehen"),
            NoticeBand("done", "Gespeichert."),
            NoticeBand("wait", "Deine Anfrage ist beim Organisationsteam."),
            NoticeBand("stop", "Das hat noch nicht geklappt. Dein Text ist gespeichert."),
        ],
        "places": [
            Place("Heute", "/", "home", True),
            Place("Diese Woche", "/w", "home"),
            Place("Monat", "/m", "home"),
        ],
        "persons": [AMINA, OLENA, SAMI],
        "form": form,
        "audiences": [
            Choice(
                value="direct",
                label="Nur diese Personen",
                note="Amina, Jonas. Auch deren Server speichern es.",
            ),
            Choice(value="local", label="Alle im Lindenhof", note="Nur wer hier angemeldet ist."),
            Choice(value="public", label="Öffentlich", note="Alle im Netz, auch Suchmaschinen."),
        ],
    }


def frame(lang: str, *, hue: int = 175, signed_in: bool = True) -> Frame:
    """A frame as a member or visitor sees it."""
    viewer = Viewer(actor_id=1, username="amina", display_name="Amina", csrf=b"0" * 32) if signed_in else None
    bar = (
        Place("Heute", "/", "home", True), Place("Alle hier", "/house-news", "people"),
        Place("Post", "/notifications", "bell", False, "2"), Place("Ich", "/me", "person"),
    )  # fmt: skip
    menu = (Place("Gemerktes", "/bookmarks", "keep"), Place("Einstellungen", "/settings", "person"))
    house = House(
        name="Lindenhof", hue=hue, languages=("en", "de"), has_rules=True, has_privacy=True, has_imprint=True
    )
    return Frame(
        house=house, viewer=viewer, bar=bar, menu=menu, csrf_token="token" if signed_in else "", path="/", path_qs="/",
        now=NOW, zone=dates.zone("Europe/Berlin"), lang=lang, dir=i18n.direction(lang),
    )  # fmt: skip


def sample_page(lang: str, *, hue: int = 175, signed_in: bool = True) -> str:
    """The whole sample page in a language."""
    shown = frame(lang, hue=hue, signed_in=signed_in)
    token = render._frame.set(shown)
    try:
        with i18n.use(lang):
            return render.environment().from_string(TEMPLATE).render(lang=lang, dir=shown.dir, **context())
    finally:
        render._frame.reset(token)
