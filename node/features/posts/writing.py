"""The form posts are written with: what it offers, what it says, and what was typed into it.

Who will see a post is said as sentences with true numbers, before sending, and the button says it
again. An answer is never offered a wider circle than what it answers. `pages_write` and the thread
page show this form.
"""

import secrets
from collections.abc import Mapping

import msgspec
from markupsafe import Markup

from node import i18n, text
from node.appkeys import Viewer
from node.db.database import Tx
from node.errors import N_
from node.features.accounts import service as accounts
from node.features.actors.store.reads import Actor, count_local, find_by_handle, get_actor, is_shown
from node.features.follows.present import page_path, person_line, short_handle
from node.features.groups.store.groups import Group
from node.features.media import service as media
from node.features.media import store as media_store
from node.features.polls import service as polls
from node.features.polls.service import PollDraft
from node.features.posts.present import quoted_card
from node.features.posts.service import AUDIENCES, MAX_MENTIONS, narrowed
from node.features.posts.views import PostView
from node.i18n import gettext as _
from node.i18n import ngettext
from node.runtime import Node
from node.web.cards import Choice, PersonLine, QuoteCard
from node.web.forms import Form

NARROW_TO_WIDE = ("direct", "local", "followers", "unlisted", "public")
# Languages people often write in; the writer's own stand first.
_LANGUAGES = (
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "eo", "es", "et", "eu", "fa", "fi", "fr", "ga", "gl",
    "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "ko", "ku", "lt", "lv", "mk", "nb", "nl", "pl",
    "ps", "pt", "ro", "ru", "sk", "sl", "so", "sq", "sr", "sv", "ta", "ti", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip
_LABELS: Mapping[str, str] = {
    "direct": N_("Only these people"),
    "followers": N_("Everyone who follows me"),
    "group": N_("The whole group"),
    "unlisted": N_("Public, but quiet"),
    "public": N_("Public"),
}


_FIRST_OPTIONS = 4
DAY_S = 86_400


class Write(msgspec.Struct, kw_only=True):
    """What the form sends. `media_id` and `alt` belong together by their order."""

    source: str = ""
    audience: str = ""
    warning: str = ""
    sensitive: bool = False
    language: str = ""
    in_reply_to: str = ""
    quote: str = ""
    quote_policy: str = ""
    media_id: list[str] = []
    option: list[str] = []
    open_s: int = DAY_S
    multiple: bool = False
    hide_totals: bool = False
    group: str = ""
    key: str = ""
    step: str = "send"
    drop: str = ""
    reminded: bool = False


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A file in the form: kept already, waiting for its description."""

    id: int
    kind: str
    preview_url: str
    alt: str


class Send(msgspec.Struct, frozen=True):
    """What the button says for one choice of audience."""

    audience: str
    label: str


class WritePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of posts/write.html and of the answer form below a post."""

    form: Form[Write]
    action: str
    audiences: list[Choice]
    audience: str
    audience_sentence: str
    sends: list[Send]
    languages: list[tuple[str, str]]
    attached: list[Attached] = []
    key: str = ""
    reply_to: PersonLine | None = None
    reply_to_id: int = 0
    reply_html: Markup | None = None
    reply_warning: str = ""
    reply_url: str = ""
    quote: QuoteCard | None = None
    quote_id: int = 0
    asks_to_quote: bool = False
    quote_rules: list[Choice] = []
    preview: Markup | None = None
    ask_alt: bool = False
    is_edit: bool = False
    group_id: int = 0
    group_name: str = ""
    most_files: int = media.MAX_PER_POST
    may_ask: bool = True
    is_asking: bool = False
    options: list[str] = []
    lengths: list[Choice] = []
    most_options: int = polls.MOST_OPTIONS
    back: str = "/"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What the form is about: a new post, an answer, a quote, or a change of `editing`."""

    parent: PostView | None = None
    quoted: PostView | None = None
    editing: PostView | None = None
    group: Group | None = None
    preview: Markup | None = None
    ask_alt: bool = False


def fresh_key() -> str:
    """Sent with the form, so that sending twice publishes once."""
    return secrets.token_urlsafe(16)


def offered(parent: PostView | None) -> list[str]:
    """The audiences a post may have, small to large.

    The whole house is offered only below what the whole house could read anyway: it is no smaller
    circle than somebody's followers or a few people.
    """
    if parent is None:
        return list(NARROW_TO_WIDE)
    if parent.audience == "group":
        return ["direct", "group"]
    found = [name for name in NARROW_TO_WIDE if narrowed(name, parent.audience) == name]
    return [name for name in found if name != "local" or parent.audience in ("public", "unlisted", "local")]


def within(parent: PostView | None, wanted: str) -> str:
    """What was chosen as far as it is offered; never more, whatever the form said."""
    choices = offered(parent)
    if wanted in choices:
        return wanted
    return choices[-1] if parent is not None and wanted in AUDIENCES else choices[0]


def audience_in(group: Group) -> str:
    """Who reads what is written in a group: always the group's own readers."""
    names = {"private": "group", "local": "local", "unlisted": "unlisted"}
    return names.get(group.visibility, "public")


def preselected(viewer: Viewer, parent: PostView | None, wanted: str = "") -> str:
    """What stands chosen: what was wanted, else the writer's habit, never wider than what is answered."""
    choices = offered(parent)
    for name in (
        wanted,
        parent.audience if parent and parent.audience != "public" else "",
        viewer.default_audience,
    ):
        if name in choices:
            return name
    return choices[-1]


async def page(
    tx: Tx,
    node: Node,
    viewer: Viewer,
    form: Form[Write],
    subject: Subject = Subject(),  # noqa: B008  (frozen)
) -> WritePage:
    """The form with everything it shows."""
    parent, editing, quoted = subject.parent, subject.editing, subject.quoted
    above = parent if parent is not None else quoted  # what sets how wide the new post may be
    if not form.text("quote_policy"):
        form.typed["quote_policy"] = [await accounts.find_quote_policy(tx, viewer.actor_id)]
    me = await get_actor(tx, viewer.actor_id)
    here = int((await count_local(tx))["total"])
    names = [handle.split("@")[0] for handle in text.find_mentions(form.text("source"))[:MAX_MENTIONS]]
    audience = editing.audience if editing else preselected(viewer, above, form.text("audience"))
    names_offered = offered(above)
    if subject.group is not None:
        audience = audience_in(subject.group)
        names_offered = [audience]
    form.typed["audience"] = [audience]
    notes = _notes(me, here, names)
    labels = {name: _(_LABELS[name]) for name in _LABELS} | {"local": _("Everyone in this house")}
    return WritePage(
        form=form,
        action=f"/posts/{editing.id}/edit" if editing else "/write",
        audiences=[Choice(value=name, label=labels[name], note=notes[name]) for name in names_offered],
        audience=audience,
        audience_sentence=notes[audience],
        sends=[Send(name, _send_label(name, me, here)) for name in names_offered],
        languages=_languages(viewer, form.text("language")),
        attached=await _attached(tx, node, viewer, form),
        key=form.text("key") or fresh_key(),
        reply_to=person_line(node, parent.author) if parent else None,
        reply_to_id=parent.id if parent else 0,
        reply_html=Markup(parent.html) if parent else None,
        reply_warning=parent.warning if parent else "",
        reply_url=f"{page_path(parent.author)}/{parent.id}" if parent else "",
        quote=quoted_card(node, quoted) if quoted else None,
        quote_id=quoted.id if quoted else 0,
        asks_to_quote=quoted is not None and not quoted.local and quoted.author.id != viewer.actor_id,
        quote_rules=quote_rules(),
        preview=subject.preview,
        ask_alt=subject.ask_alt,
        is_edit=editing is not None,
        group_id=subject.group.actor_id if subject.group else 0,
        group_name=subject.group.name if subject.group else "",
        may_ask=editing is None or (editing.poll is not None and not editing.poll.is_over),
        is_asking=any(form.typed.get("option", ())) or form.text("step") == "option",
        options=_options(form),
        lengths=_lengths(as_it_was=editing is not None),
        back=f"{page_path(editing.author)}/{editing.id}" if editing else "/",
    )


def quote_rules() -> list[Choice]:
    """Who may quote a post, widest first."""
    return [
        Choice(value="public", label=_("Everybody")),
        Choice(value="followers", label=_("People who follow me")),
        Choice(value="nobody", label=_("Nobody but me")),
    ]


def _notes(me: Actor, here: int, names: list[str]) -> dict[str, str]:
    direct = _("The people you name with @ in your text. A copy is kept where they are at home.")
    if names:
        direct = _("%(names)s. A copy is kept where they are at home.") % {"names": ", ".join(names)}
    followers = ngettext(
        "%(num)d person, here or elsewhere.", "%(num)d people, here and elsewhere.", me.followers_count
    )
    local = ngettext(
        "%(num)d person who can sign in here. It never leaves this house.",
        "%(num)d people who can sign in here. It never leaves this house.",
        here,
    )
    return {
        "direct": direct,
        "local": local % {"num": here},
        "followers": followers % {"num": me.followers_count},
        "group": _("Everyone who belongs to this group, here and elsewhere. Nobody else."),
        "unlisted": _("Anyone who comes across it, but it stays out of the lists of new posts."),
        "public": _("Anyone on the web, search engines too."),
    }


def _send_label(audience: str, me: Actor, here: int) -> str:
    if audience == "direct":
        return _("Send as a message")
    if audience == "group":
        return _("Show to the group")
    if audience == "local":
        return ngettext("Show to %(num)d person here", "Show to %(num)d people here", here) % {"num": here}
    if audience == "followers":
        number = me.followers_count
        return ngettext("Send to %(num)d person", "Send to %(num)d people", number) % {"num": number}
    return _("Publish quietly") if audience == "unlisted" else _("Publish for everyone")


def _options(form: Form[Write]) -> list[str]:
    """What stands in the fields for answers: what was typed, and some empty ones."""
    typed = form.typed.get("option", [])[: polls.MOST_OPTIONS]
    wanted = len(typed) + 1 if form.text("step") == "option" else len(typed)
    return [*typed, *[""] * (min(max(wanted, _FIRST_OPTIONS), polls.MOST_OPTIONS) - len(typed))]


def _lengths(*, as_it_was: bool) -> list[Choice]:
    found = [Choice(value="0", label=_("As long as before"))] if as_it_was else []
    found += [
        Choice(
            value=str(number * 3600),
            label=ngettext("%(num)d hour", "%(num)d hours", number) % {"num": number},
        )
        for number in (1, 6)
    ]
    return found + [
        Choice(
            value=str(number * DAY_S), label=ngettext("%(num)d day", "%(num)d days", number) % {"num": number}
        )
        for number in (1, 3, 7, 14, 30)
    ]


def poll_of(given: Write, editing: PostView | None) -> PollDraft | None:
    """The poll in the form; None where no answers were written down."""
    if not given.option or (editing is not None and editing.poll is None):
        return None
    as_before = None if editing is not None else 0
    return PollDraft(
        titles=tuple(given.option),
        open_s=given.open_s or as_before,
        multiple=given.multiple,
        hide_totals=given.hide_totals,
    )


def _languages(viewer: Viewer, typed: str) -> list[tuple[str, str]]:
    first = [code for code in (typed, viewer.default_language, viewer.locale, i18n.current()) if code]
    ordered = dict.fromkeys([*first, *_LANGUAGES])
    return [(code, i18n.own_name(code)) for code in ordered]


async def _attached(tx: Tx, node: Node, viewer: Viewer, form: Form[Write]) -> list[Attached]:
    found = []
    for media_id, alt in typed_media(form):
        row = await media_store.get_own(tx, viewer.actor_id, media_id)
        found.append(Attached(id=row.id, kind=row.kind, preview_url=media.preview_url_of(node, row), alt=alt))
    return found


def typed_media(form: Form[Write]) -> list[tuple[int, str]]:
    """The files in the form and what was typed to describe them."""
    alts = form.typed.get("alt", [])
    ids = form.typed.get("media_id", [])[: media.MAX_PER_POST]
    pairs = [(text_id, alts[place] if place < len(alts) else "") for place, text_id in enumerate(ids)]
    return [
        (int(text_id), alt.strip()) for text_id, alt in pairs if text_id.isdecimal() and len(text_id) < 19
    ]


def form_for_reply(viewer: Viewer, parent: PostView) -> Form[Write]:
    """The answer form with everyone named who takes part."""
    named = [] if parent.author.id == viewer.actor_id else [f"@{short_handle(parent.author)}"]
    for person in parent.mentions:
        handle = f"@{person.username}" if person.local else f"@{person.username}@{person.host}"
        if person.actor_id != viewer.actor_id and handle not in named:
            named.append(handle)
    source = " ".join(named) + " " if named else ""
    language = parent.language or viewer.default_language
    return Form(
        Write(
            source=source,
            warning=parent.warning,
            sensitive=parent.sensitive,
            language=language,
            in_reply_to=str(parent.id),
            audience=preselected(viewer, parent),
        )
    )


def form_for_edit(post: PostView) -> Form[Write]:
    """The form with the post as it stands."""
    form = Form(
        Write(
            source=post.source,
            warning=post.warning,
            sensitive=post.sensitive,
            language=post.language,
            audience=post.audience,
            quote_policy=post.quote_policy or "nobody",
            media_id=[str(file.id) for file in post.media],
            option=list(post.poll.titles) if post.poll else [],
            open_s=0,
            multiple=post.poll is not None and post.poll.multiple,
            hide_totals=post.poll is not None and post.poll.hide_totals,
        )
    )
    form.typed["alt"] = [file.alt for file in post.media]
    return form


async def preview_of(tx: Tx, node: Node, source: str) -> Markup:
    """What the text will look like; people not known yet stay plain until it is sent."""
    known = {}
    for handle in text.find_mentions(source)[:MAX_MENTIONS]:
        name, _at, host = handle.partition("@")
        actor = await find_by_handle(tx, name, (host or node.handle_host).lower())
        if actor is not None and await is_shown(tx, actor, None):
            known[handle] = node.uri(page_path(actor))
    return Markup(text.compose(source, mentions=known, tag_url=node.tag_url).html)
