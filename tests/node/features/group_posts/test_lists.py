"""What a group lists for other houses: what it announced, newest first, and what it keeps at its top."""

from __future__ import annotations

import json
from typing import Any

from federation import vocab
from node.features.group_posts.service import moderating
from node.features.groups import copies
from node.features.posts.store import writes
from tests.node.features.group_posts.places import Seat, found, held, join, says
from tests.node.wire.strangers import get_activity
from tests.rig import Rig, RigNode


async def _listed(seat: Seat, path: str) -> dict[str, Any]:
    answer = await get_activity(seat.node, seat.group.uri.removeprefix(seat.node.origin) + path)
    assert answer.status == 200, path
    found: dict[str, Any] = json.loads(answer.body)
    return found


async def _uri(node: RigNode, post_id: int) -> str:
    async with node.db.read() as tx:
        return (await writes.get_post(tx, post_id)).uri


async def test_the_outbox_lists_what_was_announced_newest_first_and_no_more_what_was_removed(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    home = await found(lindenhof, amina)
    seat = await join(home, jonas, lernwerk)
    first = await says(home, amina, "From here")
    rig.clock.advance(minutes=1)
    theirs = await _uri(lernwerk, await says(seat, jonas, "From there"))
    await rig.settle()
    rig.clock.advance(minutes=1)
    gone = await says(home, amina, "Not for long")
    assert (await _listed(home, "/outbox"))["totalItems"] == 3
    async with lindenhof.db.tx() as tx:
        await moderating.act(tx, amina.id, gone, "remove_post", "off topic")
    outbox = await _listed(home, "/outbox")
    assert outbox["totalItems"] == 2 and "first" not in outbox
    newest, oldest = outbox["orderedItems"]
    assert newest["type"] == oldest["type"] == "Announce" and newest["actor"] == home.group.uri
    assert newest["object"] == theirs and vocab.PUBLIC in newest["to"]
    assert oldest["object"]["type"] == "Create"
    assert oldest["object"]["object"]["id"] == await _uri(lindenhof, first)
    page = await _listed(home, "/outbox/page/0")
    assert page["orderedItems"] == outbox["orderedItems"] and "next" not in page


async def test_a_long_outbox_goes_on_page_by_page(rig: Rig, lindenhof: RigNode) -> None:
    amina = await lindenhof.person("amina")
    home = await found(lindenhof, amina)
    wanted = []
    for number in range(25):
        rig.clock.advance(minutes=1)
        wanted.append(await _uri(lindenhof, await says(home, amina, f"Number {number}")))
    outbox = await _listed(home, "/outbox")
    assert outbox["totalItems"] == 25 and len(outbox["orderedItems"]) == 20
    read, path = [], outbox["first"]
    while path:
        page = await _listed(home, path.removeprefix(home.group.uri))
        read += [item["object"]["object"]["id"] for item in page["orderedItems"]]
        path = page.get("next", "")
    assert read == wanted[::-1]


async def test_featured_lists_the_pins_of_everybody(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> None:
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    home = await found(lindenhof, amina)
    seat = await join(home, jonas, lernwerk)
    ours = await says(home, amina, "Our rules")
    theirs = await _uri(lernwerk, await says(seat, jonas, "Our history"))
    await rig.settle()
    post = await held(lindenhof, "Our history")
    assert post is not None
    for post_id in (ours, post.id):
        rig.clock.advance(minutes=1)
        async with lindenhof.db.tx() as tx:
            await moderating.act(tx, amina.id, post_id, "pin")
    featured = await _listed(home, "/featured")
    assert featured["orderedItems"][0] == theirs
    assert featured["orderedItems"][1]["id"] == await _uri(lindenhof, ours)


async def test_the_lists_of_a_closed_group_are_for_the_houses_of_its_members(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lernwerk.person("jonas")
    home = await found(lindenhof, amina, visibility="private")
    await says(home, amina, "Between us")
    for inside in (False, True):
        if inside:
            await join(home, jonas, lernwerk)
        for path in ("/outbox", "/outbox/page/0", "/featured"):
            reply = await lernwerk.node.fetcher.ask(home.group.uri + path)
            assert reply.status == (200 if inside else 404), path
            assert (b"Between us" in reply.body) == (inside and path != "/featured"), path
    async with lindenhof.db.tx() as tx:
        await tx.execute("UPDATE members SET state = 'invited' WHERE role = 'member'")
    assert (await lernwerk.node.fetcher.ask(f"{home.group.uri}/outbox")).status == 404


def test_a_forum_that_lets_people_in_one_by_one_is_not_closed_for_that() -> None:
    document: dict[str, Any] = {
        "id": "https://forum.example/profile/garden", "type": "Group", "preferredUsername": "garden",
        "inbox": "https://forum.example/inbox/garden", "manuallyApprovesFollowers": True, "discoverable": True,
    }  # fmt: skip
    lemmys = {"attributedTo": "https://forum.example/c/garden/moderators", "postingRestrictedToMods": False}
    for more, visibility in (({}, "public"), (lemmys, "private"), ({"membersOnly": True}, "private")):
        actor = vocab.read({**document, **more})
        assert isinstance(actor, vocab.Actor)
        assert copies.visibility_of(actor) == visibility
