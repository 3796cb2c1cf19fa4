"""A group on one node, and people on it and on others, for the tests of groups."""

from __future__ import annotations

from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.groups.service import founding, joining, roles
from node.features.groups.service.founding import Founding
from node.features.groups.store import members
from tests.rig import Rig, RigNode


class Club:
    """One group: `rosa` founded it at home; others come from elsewhere."""

    def __init__(self, rig: Rig, home: RigNode, founder: Actor, actor: Actor) -> None:
        self.rig = rig
        self.home = home
        self.founder = founder
        self.actor = actor

    async def seen_at(self, there: RigNode) -> Actor:
        """The group as another node knows it."""
        return await lookup.resolve_uri(there.node, self.actor.uri)

    async def join_from(self, there: RigNode, person: Actor, answer: str = "") -> str:
        """Somebody of another node asks to belong, and everything comes to rest."""
        group = await self.seen_at(there)
        async with there.db.tx() as tx:
            state = await joining.join(tx, there.node, person.id, group.id, answer)
        await self.rig.settle()
        return state

    async def leave_from(self, there: RigNode, person: Actor) -> None:
        """Somebody of another node leaves."""
        group = await self.seen_at(there)
        async with there.db.tx() as tx:
            await joining.leave(tx, there.node, person.id, group.id)
        await self.rig.settle()

    async def states(self, there: RigNode, person: Actor) -> tuple[str, str]:
        """How the person stands, at home and on their own node; '' for nothing."""
        here = await standing_of(self.home, self.actor.uri, person.uri)
        return here, await standing_of(there, self.actor.uri, person.uri)

    async def id_of(self, person: Actor) -> int:
        """The person's number at the group's home."""
        return await id_of(self.home, person.uri)

    async def appoint(self, person: Actor, role: str) -> None:
        """The founder gives a role."""
        target = await self.id_of(person)
        async with self.home.db.tx() as tx:
            await roles.set_role(tx, self.home.node, self.founder.id, self.actor.id, target, role)
        await self.rig.settle()


async def id_of(node: RigNode, uri: str) -> int:
    """The number of an actor on a node."""
    async with node.db.read() as tx:
        found: int = await tx.fetchval("SELECT id FROM actors WHERE uri = $1", uri)
    return found


async def standing_of(node: RigNode, group_uri: str, actor_uri: str) -> str:
    """The state of a membership with the follow's, as a node has it; '' for none."""
    async with node.db.read() as tx:
        record = await tx.fetchrow(
            """SELECT m.state, m.role, f.state AS follow FROM actors g, actors a
               LEFT JOIN members m ON m.actor_id = a.id AND m.group_id = (SELECT id FROM actors WHERE uri = $1)
               LEFT JOIN follows f ON f.follower_id = a.id AND f.followee_id = (SELECT id FROM actors WHERE uri = $1)
               WHERE g.uri = $1 AND a.uri = $2""",
            group_uri,
            actor_uri,
        )
    if record is None or record["state"] is None:
        assert record is None or record["follow"] is None, "a follow without a membership"
        return ""
    follow = {"member": "accepted", "asked": "asked", "invited": None}[record["state"]]
    assert record["follow"] == follow, (record["state"], record["follow"])
    return record["role"] if record["state"] == "member" else str(record["state"])


async def found_club(rig: Rig, home: RigNode, **how: object) -> Club:
    """A group founded by Rosa."""
    rosa = await home.person("rosa")
    async with home.db.tx() as tx:
        wanted = Founding(**({"username": "garden", "name": "Garden"} | how))  # type: ignore[arg-type]
        actor = await founding.found(tx, home.node, rosa.id, wanted)
    return Club(rig, home, rosa, actor)


__all__ = ["Club", "found_club", "id_of", "members", "standing_of"]
