"""What the Fediverse Pasture throws at servers, thrown at ours: everything ends, everything kept can be shown."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from node.features.actors.store.reads import Actor
from tests.federation.peers import Peer
from tests.interop import pasture
from tests.node.features.api_client import ALL_SCOPES, Clients
from tests.node.wire.strangers import Stranger, faults, known_as, outcome, run
from tests.rig import Rig, RigNode

pytestmark = pytest.mark.interop

_TAGS = re.compile(
    "a|abbr|b|bdi|bdo|blockquote|br|cite|code|dd|del|details|dl|dt|em|h[1-6]|hr|i|ins|kbd|li|mark|ol|p|pre|q|rp|rt|ruby|"
    "s|samp|small|span|strong|sub|summary|sup|time|u|ul|var"
)


class Judge(HTMLParser):
    """Notes everything in a text that a page must not carry."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not _TAGS.fullmatch(tag):
            self.found.append(tag)
        for name, value in attrs:
            bad_link = name in ("href", "src", "cite") and not re.match(r"(https?|mailto):", value or "")
            if name.startswith("on") or name in ("style", "srcset") or bad_link:
                self.found.append(f"{tag} {name}={value}")


def harm_in(html: str) -> list[str]:
    """What in a text would be more than text."""
    judge = Judge()
    judge.feed(html)
    judge.close()
    return judge.found


async def test_every_input_of_the_pasture_ends_and_what_is_kept_can_be_shown(
    rig: Rig, lindenhof: RigNode
) -> None:
    peer = Peer("localhost")
    await peer.start()
    try:
        amina = await lindenhof.person("amina")
        writer = Stranger(peer, "writer")
        await _follow(lindenhof, amina, writer)
        groups = await pasture.examples()
        assert sum(map(len, groups.values())) == 262
        ended: dict[str, int] = {}
        for name, inputs in groups.items():
            for fields in inputs:
                note = {**writer.note(), **fields}
                note["id"] = note.get("id") or writer.new_id("n")
                create = writer.does(
                    "Create", note, to=["https://www.w3.org/ns/activitystreams#Public"], cc=[]
                )
                rig.clock.advance(milliseconds=5)
                status = await writer.send(lindenhof, create)
                assert status in (202, 400, 403), (name, fields)
                if status == 202:
                    await run(lindenhof)
                    state, code = await outcome(lindenhof, create)
                    assert state == "done" or (state in ("ignored", "refused") and code), (name, fields)
                    ended[state] = ended.get(state, 0) + 1
        assert ended["done"] > 200
        assert await faults(lindenhof) == []
        await _all_can_be_shown(lindenhof, amina, ended["done"])
    finally:
        await peer.stop()


async def _follow(node: RigNode, amina: Actor, writer: Stranger) -> None:
    there = await known_as(node, writer)
    async with node.db.tx() as tx:
        await tx.execute(
            """INSERT INTO follows (id, uri, follower_id, followee_id, state, created_at)
               VALUES ($1, $2, $3, $4, 'accepted', $5)""",
            tx.new_id(), f"{node.origin}/f/1", amina.id, there.id, tx.now,
        )  # fmt: skip


async def _all_can_be_shown(node: RigNode, amina: Actor, kept: int) -> None:
    async with node.db.read() as tx:
        rows = await tx.fetch("SELECT id, html FROM posts WHERE NOT local ORDER BY id")
    assert len(rows) >= kept * 0.9  # some inputs share an id
    assert [harm for row in rows for harm in harm_in(row["html"])] == []
    async with Clients(node) as clients:
        client = await clients.program_of(amina, ALL_SCOPES)
        shown = 0
        for start in range(0, len(rows), 20):
            query = "&".join(f"id[]={row['id']}" for row in rows[start : start + 20])
            answer = await client.call("GET", f"/api/v1/statuses?{query}")
            assert answer.status == 200
            shown += len(answer.body)
        assert shown == len(rows)
