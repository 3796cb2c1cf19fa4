"""The other nodes as those who manage the house see them: who answers, who rests and until when.

Reads what the wire noted while it delivered; changes nothing but when a host is tried again.
"""

from urllib.parse import quote

import msgspec
from aiohttp import web

from node.appkeys import NODE
from node.errors import NodeError
from node.feature import Route
from node.web.render import render
from node.web.sessions import go_to
from node.wire.store import hosts as store
from node.wire.store.hosts import HostRow

_PAGE = 50


class HostsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of house/hosts.html."""

    state: str
    counts: dict[str, int]
    hosts: list[HostRow]
    more: str
    done: bool


async def show_hosts(request: web.Request) -> web.StreamResponse:
    """GET /manage/hosts"""
    state = request.query.get("state", "resting")
    if state not in store.HOST_STATES:
        raise NodeError("not_found")
    after = request.query.get("after", "").replace("\0", "")[:300]
    async with request.app[NODE].db.read() as tx:
        counts = await store.count_hosts(tx)
        hosts = await store.list_hosts(tx, state, after, _PAGE + 1)
    more = f"/manage/hosts?state={state}&after={quote(hosts[_PAGE - 1].host)}" if len(hosts) > _PAGE else ""
    context = HostsPage(
        state=state, counts=counts, hosts=hosts[:_PAGE], more=more, done="done" in request.query
    )
    return render(request, "house/hosts.html", context)


async def try_again(request: web.Request) -> web.StreamResponse:
    """POST /manage/hosts/{host}/again"""
    async with request.app[NODE].db.tx() as tx:
        if not await store.put_host_again(tx, request.match_info["host"].replace("\0", "")):
            raise NodeError("not_found")
        tx.wake("deliver")
    return go_to("/manage/hosts?done=1")


ROUTES = (
    Route("GET", "/manage/hosts", show_hosts, "admin"),
    Route("POST", "/manage/hosts/{host}/again", try_again, "admin"),
)
