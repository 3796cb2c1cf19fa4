"""What the house says of itself, and where its admins say it: about, rules, privacy, settings, wire.

The wire page is the one place where the machinery is shown by its own words: admins need them.
"""

import msgspec
from aiohttp import web

from node.appkeys import NODE
from node.errors import NodeError
from node.feature import Route
from node.features.house import service, store, zones
from node.features.house.service import HouseSettings
from node.web.cards import Choice
from node.web.forms import Form, read_form
from node.web.render import render
from node.web.sessions import go_to

_PAGE = 50
_QUEUES = {
    "inbox": ("new", "done", "ignored", "held", "refused", "failed"),
    "deliveries": ("due", "delivered", "refused", "gone", "failed"),
}
_OWN_FIELDS = ("rules", "other_zone")  # of the form, told apart from the settings of the same name
_AGAIN = {"inbox": ("ignored", "refused", "failed"), "deliveries": ("refused", "gone", "failed")}


class HousePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of the three pages about the house."""

    settings: HouseSettings
    host: str
    version: str = ""


class HouseForm(msgspec.Struct, kw_only=True):
    """What the form for the house's settings sends; `rules` is one rule a line, `other_zone` wins."""

    name: str = ""
    description: str = ""
    contact_email: str = ""
    rules: str = ""
    registration: str = "approval"
    question: str = ""
    hue: int = 175
    formal: bool = False
    time_zone: str = zones.DEFAULT_ZONE
    other_zone: str = ""
    imprint: str = ""
    privacy: str = ""


class HouseFormPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of house/settings.html."""

    form: Form[HouseForm]
    zones: list[Choice]
    done: bool = False


class WirePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of house/wire.html: what came in and went out, by state."""

    queue: str
    state: str
    counts: dict[str, dict[str, int]]
    items: list[store.Item]
    can_run_again: bool
    older: str
    done: bool


async def _about(request: web.Request, template: str) -> web.Response:
    node = request.app[NODE]
    async with node.db.read() as tx:
        settings = await service.get_settings(tx)
    return render(request, template, HousePage(settings=settings, host=node.handle_host))


async def show_about(request: web.Request) -> web.StreamResponse:
    """GET /about"""
    return await _about(request, "house/about.html")


async def show_rules(request: web.Request) -> web.StreamResponse:
    """GET /rules"""
    return await _about(request, "house/rules.html")


async def show_privacy(request: web.Request) -> web.StreamResponse:
    """GET /privacy"""
    return await _about(request, "house/privacy.html")


async def show_imprint(request: web.Request) -> web.StreamResponse:
    """GET /imprint"""
    return await _about(request, "house/imprint.html")


async def show_settings(request: web.Request) -> web.StreamResponse:
    """GET /manage/house"""
    async with request.app[NODE].db.read() as tx:
        settings = await service.get_settings(tx)
    known = {name: getattr(settings, name) for name in HouseForm.__struct_fields__ if name not in _OWN_FIELDS}
    form = Form(HouseForm(**known, rules="\n".join(settings.rules)))
    return _settings_page(request, form)


def _settings_page(request: web.Request, form: Form[HouseForm]) -> web.Response:
    context = HouseFormPage(
        form=form,
        zones=[Choice(value=zone, label=label) for zone, label in zones.list_zones(form.text("time_zone"))],
        done="done" in request.query and form.ok,
    )
    return render(request, "house/settings.html", context, status=200 if form.ok else 422)


async def save_settings(request: web.Request) -> web.StreamResponse:
    """POST /manage/house"""
    node = request.app[NODE]
    form = await read_form(request, HouseForm)
    given = msgspec.structs.asdict(form.values)
    changes = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
    changes["rules"] = [line.strip() for line in form.values.rules.splitlines() if line.strip()]
    other_zone = changes.pop("other_zone")
    changes["time_zone"] = other_zone or changes["time_zone"]
    if not form.errors:
        try:
            async with node.db.tx() as tx:
                await service.change_settings(tx, **changes)
        except NodeError as error:
            if error.field == "time_zone" and other_zone:
                error.field = "other_zone"
            form.refuse(error)
    if form.errors:
        return _settings_page(request, form)
    service.forget_cached(node)
    return go_to("/manage/house?done=1")


async def show_wire(request: web.Request) -> web.StreamResponse:
    """GET /manage/wire"""
    queue = request.query.get("queue", "inbox")
    states = _QUEUES.get(queue)
    if states is None:
        raise NodeError("not_found")
    state = request.query.get("state", "failed")
    if state not in states:
        raise NodeError("not_found")
    before = request.query.get("before", "")
    before_id = int(before) if before.isdecimal() and len(before) < 19 else 0
    async with request.app[NODE].db.read() as tx:
        counts = {
            "inbox": {row.state: row.number for row in await store.count_inbox(tx)},
            "deliveries": {row.state: row.number for row in await store.count_deliveries(tx)},
        }
        lister = store.list_inbox if queue == "inbox" else store.list_deliveries
        items = await lister(tx, state, before_id, _PAGE + 1)
    more = (
        f"/manage/wire?queue={queue}&state={state}&before={items[_PAGE - 1].id}" if len(items) > _PAGE else ""
    )
    context = WirePage(
        queue=queue,
        state=state,
        counts={name: {one: counts[name].get(one, 0) for one in _QUEUES[name]} for name in _QUEUES},
        items=items[:_PAGE],
        can_run_again=state in _AGAIN[queue],
        older=more,
        done="done" in request.query,
    )
    return render(request, "house/wire.html", context)


async def run_again(request: web.Request) -> web.StreamResponse:
    """POST /manage/wire/{queue}/{id}/again"""
    queue, text = request.match_info["queue"], request.match_info["id"]
    if queue not in _QUEUES or not text.isdecimal() or int(text) >= 1 << 63:
        raise NodeError("not_found")
    async with request.app[NODE].db.tx() as tx:
        state = await service.run_again(tx, queue, int(text))
    return go_to(f"/manage/wire?queue={queue}&state={state}&done=1")


ROUTES = (
    Route("GET", "/about", show_about, "public"),
    Route("GET", "/rules", show_rules, "public"),
    Route("GET", "/privacy", show_privacy, "public"),
    Route("GET", "/imprint", show_imprint, "public"),
    Route("GET", "/manage/house", show_settings, "admin"),
    Route("POST", "/manage/house", save_settings, "admin"),
    Route("GET", "/manage/wire", show_wire, "admin"),
    Route("POST", "/manage/wire/{queue}/{id}/again", run_again, "admin"),
)
