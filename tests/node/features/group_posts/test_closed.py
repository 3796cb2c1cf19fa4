"""What is written in a closed group is on no read path for who does not belong, and no group can lie."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from node.features.posts.store import writes
from tests.federation.peers import Peer
from tests.node.features.group_posts.places import found, held, join, put_member, says
from tests.node.wire.strangers import PUBLIC, Stranger, get_activity, known_as, outcome, run
from tests.rig import Rig, RigNode


@pytest.fixture
async def peers() -> AsyncIterator[list[Peer]]:
    """Two empty houses."""
    made = [Peer("localhost"), Peer("localhost")]
    for peer in made:
        await peer.start()
    yield made
    for peer in made:
        await peer.stop()


async def test_a_closed_group_leaks_on_no_path(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> None:
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    home = await found(lindenhof, amina, visibility="private")
    post_id = await says(home, amina, "Treasure #secret below the tree")
    async with lindenhof.db.read() as tx:
        uri = (await writes.get_post(tx, post_id)).uri.removeprefix(lindenhof.origin)
    group = home.group.uri.removeprefix(lindenhof.origin)
    me = amina.uri.removeprefix(lindenhof.origin)
    for path in (
        uri, f"{uri}/activity", f"{uri}/replies", f"{uri}/likes", f"{uri}/context", group, f"{group}/outbox",
        f"{group}/outbox/page/0", f"{group}/featured", f"{group}/followers", f"{group}/members",
        f"{me}/outbox/page/0",
    ):  # fmt: skip
        answer = await get_activity(lindenhof, path)
        assert b"below the tree" not in answer.body, path
        assert answer.status == 404 or path.startswith(me), path
    async with aiohttp.ClientSession() as browser:
        for path in (
            "/@amina", f"/@amina/{post_id}", "/@gardeners", "/tags/secret", "/search?q=Treasure", "/local",
            f"/api/v1/statuses/{post_id}", f"/api/v1/statuses/{post_id}/context", "/api/v1/timelines/public",
            "/api/v1/timelines/tag/secret", f"/api/v1/accounts/{amina.id}/statuses", "/@amina.atom",
            f"/api/v1/accounts/{home.group.id}/statuses", "/api/v2/search?q=Treasure",
        ):  # fmt: skip
            async with browser.get(lindenhof.origin + path) as page:
                assert "below the tree" not in await page.text(), path
    # A house without a member is a stranger, signed or not; with one it may read.
    for inside in (False, True):
        if inside:
            await join(home, jonas, lernwerk)
        status = (await lernwerk.node.fetcher.ask(lindenhof.origin + uri)).status
        assert status == (200 if inside else 404)


async def test_grp_02_a_group_cannot_show_what_was_not_said_in_it(
    rig: Rig, lindenhof: RigNode, peers: list[Peer]
) -> None:
    amina = await lindenhof.person("amina")
    club = Stranger(peers[0], "club", type="Group")
    vera = Stranger(peers[1], "vera")
    there = await known_as(lindenhof, club)
    async with lindenhof.db.tx() as tx:
        await tx.execute(
            "INSERT INTO groups (actor_id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            there.id,
            tx.now,
        )
        await put_member(tx, there.id, amina.id, "member")
    letter = vera.note("<p>Only for my followers</p>", to=[f"{vera.uri}/followers"], cc=[])
    elsewhere = vera.note("<p>Said to everybody</p>")
    forged = vera.note("<p>Never said</p>", to=[PUBLIC, club.uri])
    for note in (letter, elsewhere):
        peers[1].documents[note["id"].removeprefix(peers[1].uri(""))] = note
    for note in (letter, elsewhere, forged):
        told = club.does("Announce", vera.does("Create", note))
        assert await club.send(lindenhof, told) == 202
        await run(lindenhof)
        state, code = await outcome(lindenhof, told)
        assert state == "refused", (state, code)
    for words in ("Only for my followers", "Said to everybody", "Never said"):
        assert await held(lindenhof, words) is None or (await held(lindenhof, words)).group is None  # type: ignore[union-attr]
