"""Templates to answers: what every page is given besides its own context.

A page is a typed Struct and a template; `render` adds the frame (language, house, person, places
to go, form token) and answers whole pages, or only the `main` part when a script asked for it.
`render_text` is for letters. Called by every `pages.py` and by the error pages; reads no database.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from node import i18n
from node.appkeys import NODE, VIEWER, Viewer
from node.feature import NavItem
from node.web import assets, csrf, dates, pieces
from node.web.cards import Place

_COMPRESS_FROM: Final = 1024
_BAR_ORDER: Final = 100  # navigation items below this stand in the bar, the others in the menu


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What pages need to know of the house they belong to."""

    name: str = "Allmende"
    description: str = ""
    contact_email: str = ""
    hue: int = 175
    formal: bool = False
    languages: tuple[str, ...] = ("en", "de")
    time_zone: str = "Europe/Berlin"
    registration: str = "approval"
    has_rules: bool = False
    has_imprint: bool = False
    has_privacy: bool = False


HOUSE = web.RequestKey("house", House)


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What the frame of every page shows and what macros may ask for (`frame.…` in templates)."""

    house: House = House()
    viewer: Viewer | None = None
    bar: tuple[Place, ...] = ()
    menu: tuple[Place, ...] = ()
    csrf_token: str = ""
    path: str = "/"
    path_qs: str = "/"
    now: datetime = datetime.fromtimestamp(0, UTC)
    zone: tzinfo = UTC
    lang: str = "en"
    dir: str = "ltr"
    is_fragment: bool = False

    @property
    def languages(self) -> list[tuple[str, str]]:
        """Codes and own names of the languages on offer."""
        return [(code, i18n.own_name(code)) for code in offered(self.house)]


_frame: ContextVar[Frame] = ContextVar("frame", default=Frame())  # noqa: B039  (frozen)


class _FrameNow:
    """Lets macros, which see no context, reach the frame of the page being rendered."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_frame.get(), name)


def offered(house: House) -> tuple[str, ...]:
    """Languages with a catalogue that the house wants to offer."""
    return tuple(code for code in house.languages if code in i18n.languages()) or (i18n.SOURCE_LANGUAGE,)


@cache
def environment() -> Environment:
    """The one template environment. Undefined names are errors; everything is escaped in .html."""
    env = Environment(
        loader=FileSystemLoader(i18n.templates_dir()),
        autoescape=lambda name: name is None or not name.endswith(".txt"),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.policies["ext.i18n.trimmed"] = True
    env.globals.update(
        frame=_FrameNow(),
        asset=assets.asset,
        hue_sheet=assets.hue_sheet,
        url=address,
        piece=pieces.Pieces(_frame).draw,
    )
    env.filters.update(
        ago=lambda moment: pieces.tell(dates.ago, moment, _frame.get().now, _frame.get().zone),
        day=lambda moment: pieces.tell(dates.day, moment, _frame.get().now, _frame.get().zone),
        moment=lambda moment: dates.moment_in_words(moment, _frame.get().zone),
        iso=dates.iso,
        number=dates.number,
        own_name=i18n.own_name,
        direction=i18n.direction,
    )
    return env


def address(path: str, **query: object) -> str:
    """A path with a query made of what is neither None nor ''."""
    pairs = [(name, str(value)) for name, value in query.items() if value not in (None, "")]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def render(
    request: web.Request,
    template: str,
    context: msgspec.Struct | Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    form_action: str = "",
) -> web.Response:
    """The answer for a page.

    `context` is the page's Struct; its fields are the template's names. `form_action` names one
    more origin this page's form may end up at (signing in to a client app); '' for none.
    """
    frame = frame_for(request)
    with i18n.use(frame.lang):
        body = _render(template, context, frame)
    response = web.Response(text=body, status=status, content_type="text/html", charset="utf-8")
    response.headers[hdrs.CACHE_CONTROL] = "private, no-cache"
    response.headers[hdrs.VARY] = "Cookie, Accept, Accept-Language, HX-Request"
    response.headers[hdrs.CONTENT_LANGUAGE] = frame.lang
    if form_action:
        response.headers["Content-Security-Policy"] = content_policy(form_action)
    if len(body) > _COMPRESS_FROM:
        response.enable_compression()
    return response


def render_frame(template: str, context: Mapping[str, Any], frame: Frame) -> str:
    """A page's HTML for a frame made by hand: error pages, samples, tests."""
    with i18n.use(frame.lang):
        return _render(template, context, frame)


def render_text(template: str, locale: str, values: Mapping[str, object]) -> str:
    """A letter or another text outside a request, in one language; escaped only if it is .html."""
    frame = Frame(lang=locale, dir=i18n.direction(locale))
    with i18n.use(locale):
        return _render(template, dict(values), frame)


def _render(template: str, context: msgspec.Struct | Mapping[str, Any] | None, frame: Frame) -> str:
    values = msgspec.structs.asdict(context) if isinstance(context, msgspec.Struct) else dict(context or {})
    values = {"lang": frame.lang, "dir": frame.dir, **values}
    token = _frame.set(frame)
    try:
        html = environment().get_template(template).render(values)
        return pieces.filled(html, frame.csrf_token, frame.path_qs)
    finally:
        _frame.reset(token)


def frame_for(request: web.Request) -> Frame:
    """The frame of this request's page."""
    house = request.get(HOUSE) or House()
    viewer = request.get(VIEWER)
    node = request.app.get(NODE)
    lang = locale_for(request, viewer)
    with i18n.use(lang):
        bar, menu = _places(request, viewer)
    return Frame(
        house=house,
        viewer=viewer,
        bar=bar,
        menu=menu,
        csrf_token=csrf.token(viewer),
        path=request.path,
        path_qs=request.path_qs,
        now=node.clock.now() if node else datetime.now(UTC),
        zone=dates.zone((viewer.time_zone if viewer else "") or house.time_zone),
        lang=lang,
        dir=i18n.direction(lang),
        is_fragment=request.method == hdrs.METH_GET and "HX-Request" in request.headers,
    )


LANGUAGE_COOKIE: Final = "language"


def locale_for(request: web.Request, viewer: Viewer | None) -> str:
    """The language to answer in: the person's setting, the footer's choice, the browser's, the house's."""
    wishes = [viewer.locale if viewer else "", request.cookies.get(LANGUAGE_COOKIE, "")[:20]]
    accepted = request.headers.get(hdrs.ACCEPT_LANGUAGE, "")
    return i18n.choose([wish for wish in wishes if wish], accepted, offered(request.get(HOUSE) or House()))


def _places(request: web.Request, viewer: Viewer | None) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    node = request.app.get(NODE)
    items = [item for feature in (node.hooks.features if node else ()) for item in feature.nav]
    items = sorted((item for item in items if item.access in _open_to(viewer)), key=lambda item: item.order)
    here = _current([item.path for item in items], request.path)
    places = [
        (
            item.order,
            Place(i18n.gettext(item.label), item.path, item.icon, item.path == here, _badge(item, viewer)),
        )
        for item in items
    ]
    return (
        tuple(place for order, place in places if order < _BAR_ORDER)[:4],
        tuple(place for order, place in places if order >= _BAR_ORDER),
    )


def _badge(item: NavItem, viewer: Viewer | None) -> str:
    """How much is new behind a place; shown as a number, said in words."""
    return str(viewer.unread) if viewer and viewer.unread and item.path == "/notifications" else ""


def _open_to(viewer: Viewer | None) -> Sequence[str]:
    if viewer is None:
        return ("visitor",)
    more = ["moderator"] if viewer.is_moderator else []
    return ["member", *more, *(["admin"] if viewer.is_admin else [])]


def _current(paths: Sequence[str], path: str) -> str:
    """The place a page belongs to: the longest path that leads to it."""
    under = [place for place in paths if path == place or (place != "/" and path.startswith(place + "/"))]
    return max(under, key=len, default="")


def content_policy(form_action: str = "") -> str:
    """The Content-Security-Policy of our pages: nothing from elsewhere, nothing inline."""
    extra = f" {form_action}" if form_action else ""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; media-src 'self'; script-src 'self'; "
        f"connect-src 'self'; manifest-src 'self'; form-action 'self'{extra}; frame-ancestors 'none'; base-uri 'none'"
    )
