"""The groups of this house: one's own first, what one was asked into, and all that may be found, by topic."""

from collections import defaultdict

import msgspec
from aiohttp import web

from node import text
from node.appkeys import NODE, VIEWER, Viewer
from node.db.database import Tx
from node.feature import Route
from node.features.actors.store.reads import list_actors
from node.features.groups.present import GroupLine, group_line
from node.features.groups.service import founding
from node.features.groups.store import groups, lists, members
from node.features.groups.store.groups import Group
from node.features.groups.store.members import Member
from node.runtime import Node
from node.web.asked import read_id
from node.web.cards import Place
from node.web.render import address, render

_PAGE = 20
_MOST_TOPICS = 12


class GroupsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/list.html."""

    invited: list[GroupLine]
    asked: list[GroupLine]
    mine: list[GroupLine]
    found: list[GroupLine]
    chips: list[Place]
    topic: str
    may_found: bool
    older: str
    is_first: bool


async def show_groups(request: web.Request) -> web.StreamResponse:
    """GET /groups, with `?topic=` and `?page=`"""
    node, viewer = request.app[NODE], request.get(VIEWER)
    topic = text.one_line(request.query.get("topic", ""), 60).strip()
    page = min(read_id(request.query.get("page", "")) or 1, 500)
    async with node.db.read() as tx:
        context = await _groups_page(tx, node, viewer, topic, page)
    return render(request, "groups/list.html", context)


async def _groups_page(tx: Tx, node: Node, viewer: Viewer | None, topic: str, page: int) -> GroupsPage:
    is_first = page == 1 and not topic
    wanted = lists.Listed(local=viewer is not None, topic=topic)
    ids = await lists.list_findable(tx, wanted, _PAGE + 1, (page - 1) * _PAGE)
    listed = await groups.list_groups(tx, ids[:_PAGE])
    stands = await _stands(tx, viewer) if viewer is not None else {}
    by_state: dict[str, list[int]] = defaultdict(list)
    for group_id, member in stands.items():
        by_state[member.state].append(group_id)
    mine = await groups.list_groups_of(tx, viewer.actor_id) if viewer is not None and is_first else []
    names = await lists.list_subjects(tx, _MOST_TOPICS, local=viewer is not None)
    own = {group.actor_id for group in mine}
    return GroupsPage(
        invited=await _of_state(tx, node, by_state["invited"], stands) if is_first else [],
        asked=await _of_state(tx, node, by_state["asked"], stands) if is_first else [],
        mine=await _lines(tx, node, mine, stands),
        found=await _lines(tx, node, [one for one in listed if one.actor_id not in own], stands),
        chips=_chips(names, topic),
        topic=topic,
        may_found=viewer is not None and await founding.may_found(tx, viewer.actor_id),
        older=address("/groups", topic=topic, page=page + 1) if len(ids) > _PAGE else "",
        is_first=is_first,
    )


async def _stands(tx: Tx, viewer: Viewer) -> dict[int, Member]:
    found: dict[int, Member] = {}
    for state in ("invited", "asked", "member"):
        found |= {one.group_id: one for one in await members.list_memberships(tx, viewer.actor_id, state)}
    return found


async def _of_state(tx: Tx, node: Node, ids: list[int], stands: dict[int, Member]) -> list[GroupLine]:
    return await _lines(tx, node, await groups.list_groups(tx, ids), stands)


async def _lines(tx: Tx, node: Node, listed: list[Group], stands: dict[int, Member]) -> list[GroupLine]:
    actors = {one.id: one for one in await list_actors(tx, [group.actor_id for group in listed])}
    found = []
    for group in listed:
        member, actor = stands.get(group.actor_id), actors.get(group.actor_id)
        if actor is not None:
            state, role = (member.state, member.role) if member is not None else ("", "")
            found.append(group_line(node, group, actor, state=state, role=role))
    return found


def _chips(names: list[str], current: str) -> list[Place]:
    return [
        Place(name, address("/groups", topic=name), "", is_current=name.lower() == current.lower())
        for name in names
    ]


ROUTES: tuple[Route, ...] = (Route("GET", "/groups", show_groups, "public"),)
