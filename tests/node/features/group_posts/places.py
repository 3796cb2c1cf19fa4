"""Groups on rig nodes, and who belongs to them, for the tests of what circulates in groups."""

from __future__ import annotations

import msgspec

from node.db.database import Tx
from node.features.actors import lookup
from node.features.actors import service as actors
from node.features.actors.store.reads import Actor, get_actor
from node.features.posts import service
from node.features.posts.service import Draft
from tests.rig import RigNode


class Seat(msgspec.Struct, frozen=True):
    """A group as one node knows it, and a person as that node knows them."""

    node: RigNode
    group: Actor


async def _put_group(tx: Tx, group_id: int, visibility: str) -> None:
    await tx.execute(
        "INSERT INTO groups (actor_id, visibility, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        group_id,
        visibility,
        tx.now,
    )


async def put_member(tx: Tx, group_id: int, actor_id: int, role: str) -> None:
    """A membership and the follow that carries it, as both nodes keep them."""
    number = tx.new_id()
    await tx.execute(
        """INSERT INTO members (id, uri, group_id, actor_id, state, role, joined_at, created_at)
           VALUES ($1, 'member:' || $1::bigint, $2, $3, 'member', $4, $5, $5)""",
        number,
        group_id,
        actor_id,
        role,
        tx.now,
    )
    await tx.execute(
        """INSERT INTO follows (id, uri, follower_id, followee_id, state, created_at, accepted_at)
           VALUES ($1, 'follow:' || $1::bigint, $2, $3, 'accepted', $4, $4)""",
        number,
        actor_id,
        group_id,
        tx.now,
    )


async def found(
    node: RigNode, owner: Actor, name: str = "gardeners", *, visibility: str = "public", **settings: object
) -> Seat:
    """A group of this node, run by `owner`."""
    async with node.db.tx() as tx:
        group = await actors.create_local(
            tx, node.node, kind="Group", username=name, display_name=name.title()
        )
        await _put_group(tx, group.id, visibility)
        for column, value in settings.items():
            await tx.execute(f"UPDATE groups SET {column} = $2 WHERE actor_id = $1", group.id, value)
        await put_member(tx, group.id, owner.id, "owner")
        return Seat(node, await get_actor(tx, group.id))


async def join(seat: Seat, person: Actor, home: RigNode, *, role: str = "member") -> Seat:
    """Somebody belongs to the group: written down at its house and, where that is another, at their own."""
    there = person if home is seat.node else await lookup.resolve_uri(seat.node.node, person.uri)
    async with seat.node.db.tx() as tx:
        visibility = await tx.fetchval("SELECT visibility FROM groups WHERE actor_id = $1", seat.group.id)
        await put_member(tx, seat.group.id, there.id, role)
    if home is seat.node:
        return seat
    here = await lookup.resolve_uri(home.node, seat.group.uri)
    async with home.db.tx() as tx:
        await _put_group(tx, here.id, str(visibility))
        await put_member(tx, here.id, person.id, role)
    return Seat(home, here)


async def says(seat: Seat, person: Actor, source: str, **more: object) -> int:
    """Somebody of a node writes into the group as that node knows it."""
    draft = Draft(source=source, group_id=seat.group.id, **more)  # type: ignore[arg-type]
    async with seat.node.db.tx() as tx:
        return await service.write_post(tx, seat.node.node, person.id, draft)


async def answers(node: RigNode, person: Actor, post_id: int, source: str, audience: str = "public") -> int:
    """Somebody answers a post their node holds."""
    async with node.db.tx() as tx:
        draft = Draft(source=source, in_reply_to_id=post_id, audience=audience)
        return await service.write_post(tx, node.node, person.id, draft)


class Held(msgspec.Struct, frozen=True):
    """A post as a node holds it."""

    id: int
    uri: str
    title: str
    html: str
    audience: str
    group_state: str
    locked: bool
    group: str | None
    boosts: int


async def held(node: RigNode, words: str) -> Held | None:
    """The post with these words, and how often groups and people passed it on; None where there is none."""
    async with node.db.read() as tx:
        row = await tx.fetchrow(
            """SELECT p.id, p.uri, p.title, p.html, p.audience, p.group_state,
                      p.locked_at IS NOT NULL AS locked, g.uri AS group,
                      (SELECT count(*) FROM boosts b WHERE b.post_id = p.id) AS boosts
               FROM posts p LEFT JOIN actors g ON g.id = p.group_id
               WHERE strpos(p.html, $1) > 0""",
            words,
        )
    return Held(**row) if row else None
