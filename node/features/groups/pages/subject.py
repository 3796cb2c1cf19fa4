"""Which group a page is about, and who looks: the start of every page and form below `/groups/{id}`."""

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER
from node.db.database import Tx
from node.errors import NodeError
from node.features.actors.store.reads import Actor, get_actor
from node.features.follows.present import page_path, person_line
from node.features.groups.present import role_word, stands
from node.features.groups.service import rights
from node.features.groups.service.rights import Standing
from node.features.groups.store import groups
from node.i18n import gettext as _
from node.runtime import Node
from node.web.asked import path_id
from node.web.cards import PersonLine, Place


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The group of a page as its reader stands to it; `tabs` are the rooms open to them."""

    id: int
    name: str
    path: str
    person: PersonLine
    state: str
    role: str
    here: bool
    openness: str
    question: str
    rules: list[str]
    may_moderate: bool
    may_administer: bool
    may_own: bool
    may_invite: bool
    tabs: tuple[Place, ...] = ()


def about(node: Node, standing: Standing, actor: Actor, path: str = "") -> About:
    """What every page of a group shows of it."""
    group = standing.group
    inner = standing.may("read")
    return About(
        id=group.actor_id,
        name=actor.name,
        path=page_path(actor),
        person=person_line(node, actor),
        state=stands(standing),
        role=role_word(standing.role),
        here=group.local,
        openness=group.openness,
        question=group.question,
        rules=list(group.rules),
        may_moderate=standing.may_moderate(),
        may_administer=standing.may_administer(),
        may_own=standing.may_own(),
        may_invite=inner and standing.may("invite" if group.openness == "open" else "moderate"),
        tabs=_tabs(standing, actor, path),
    )


def _tabs(standing: Standing, actor: Actor, path: str) -> tuple[Place, ...]:
    base = f"/groups/{standing.group.actor_id}"
    places = [(_("Posts"), page_path(actor), True), (_("Members"), f"{base}/members", standing.may("read"))]
    places += [
        (_("Requests"), f"{base}/requests", standing.may_moderate() and standing.group.local),
        (_("Waiting"), f"{base}/waiting", _may_wait(standing)),
        (_("Log"), f"{base}/log", standing.may("read") and standing.group.local),
        (_("Settings"), f"{base}/settings", standing.may_administer() and standing.group.local),
    ]
    return tuple(Place(label, to, "", to == path) for label, to, is_open in places if is_open)


def _may_wait(standing: Standing) -> bool:
    """Whether posts may wait here for this reader."""
    group = standing.group
    return standing.may_moderate() and group.local and group.newcomer_posts > 0


async def load(tx: Tx, request: web.Request, act: str = "", *, lock: bool = False) -> tuple[Standing, Actor]:
    """The group of the path and how the reader stands to it.

    Raises: NodeError `not_found` where they may not know of it, `not_allowed` where their role does not do.
    """
    viewer = request.get(VIEWER)
    group = await groups.get_group(tx, path_id(request))
    actor = await get_actor(tx, group.actor_id)
    if act and viewer is not None:
        return await rights.require(tx, group, viewer.actor_id, act), actor
    standing = await rights.standing_in(tx, group, viewer.actor_id if viewer else None)
    if act or not standing.may_see():
        raise NodeError("not_found", detail="group")
    return standing, actor


async def load_about(tx: Tx, request: web.Request, act: str = "") -> tuple[About, Standing]:
    """As `load`, for showing."""
    standing, actor = await load(tx, request, act)
    return about(request.app[NODE], standing, actor, request.path), standing


async def member_of(tx: Tx, request: web.Request) -> Actor:
    """The person whom a form is about. Raises: NodeError `not_found`."""
    found = await get_actor(tx, path_id(request, "person"))
    if found.deleted_at is not None:
        raise NodeError("not_found", detail="person")
    return found
