"""Lists of people brought along: what files say, and that everybody is followed, blocked or muted once."""

from __future__ import annotations

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import NodeError
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.leaving import imports, store
from tests.node.features.readers import signed_in
from tests.rig import Rig, RigNode

FILES = {
    "with a head": (b"Account address,Show boosts\nada@a.example,true\nbo@b.example,false\n",
                    (("ada@a.example", True), ("bo@b.example", False)), 0),
    "with a mark and Windows lines": (b"\xef\xbb\xbfAccount address\r\n@ada@a.example\r\n",
                                      (("ada@a.example", True),), 0),
    "without a head": (b"ada@a.example\n", (("ada@a.example", True),), 0),
    "the same twice": (b"ada@a.example\nada@A.example\n", (("ada@a.example", True),), 0),
    "with odd lines": (b"x\n\nada\nada@a.example\n@@\n\"=1+1@\"\n", (("ada@a.example", True),), 3),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_list_says_who_is_in_it(name: str) -> None:
    data, people, unread = FILES[name]
    found = imports.read_list(data)
    assert (found.people, found.unread) == (people, unread)
    assert imports.read_list(found.as_text().encode()).people == people


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Account address\n",
        b"\xff\xfe\x00",
        b"a\x00b@\n",
        b"".join(b"n%d@a.example\n" % number for number in range(imports.MOST_LINES + 1)),
    ],
)
def test_what_is_no_list_is_refused_kindly(data: bytes) -> None:
    with pytest.raises(NodeError, match="invalid"):
        imports.read_list(data)


@given(st.binary(max_size=300))
def test_any_file_is_read_or_refused(data: bytes) -> None:
    try:
        found = imports.read_list(data)
    except NodeError as error:
        assert error.code == "invalid"
    else:
        assert imports.read_list(found.as_text().encode()).people == found.people


async def _counts(node: RigNode, owner: Actor) -> dict[str, tuple[int, int, int]]:
    async with node.db.read() as tx:
        return {one.kind: (one.due, one.done, one.failed) for one in await store.list_progress(tx, owner.id)}


async def _begin(node: RigNode, owner: Actor, kind: str, *handles: str, flag: bool = True) -> None:
    async with node.db.tx() as tx:
        await imports.begin(tx, owner.id, kind, [(handle, flag) for handle in handles])


async def test_everybody_in_the_lists_is_found_wherever_they_live(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, jonas = await lindenhof.person("amina"), await lindenhof.person("jonas")
    await lernwerk.person("olena")
    far, near = f"olena@{lernwerk.host}", f"jonas@{lindenhof.host}"
    await _begin(lindenhof, amina, "follow", far, near, f"nobody@{lernwerk.host}", f"amina@{lindenhof.host}")
    await _begin(lindenhof, jonas, "block", far)
    await _begin(lindenhof, jonas, "mute", f"amina@{lindenhof.host}")
    await rig.settle()
    assert await _counts(lindenhof, amina) == {"follow": (0, 2, 2)}
    assert await _counts(lindenhof, jonas) == {"block": (0, 1, 0), "mute": (0, 1, 0)}
    async with lindenhof.db.read() as tx:
        states = await tx.fetch("SELECT state FROM follows WHERE follower_id = $1", amina.id)
        assert [row["state"] for row in states] == ["accepted", "accepted"]
        assert await tx.fetchval("SELECT count(*) FROM blocks WHERE actor_id = $1", jonas.id) == 1
        assert await tx.fetchval("SELECT count(*) FROM mutes WHERE actor_id = $1", jonas.id) == 1


async def test_what_stood_beside_a_name_is_kept(rig: Rig, lindenhof: RigNode) -> None:
    amina, _ = await lindenhof.person("amina"), await lindenhof.person("jonas")
    handle = f"jonas@{lindenhof.host}"
    await _begin(lindenhof, amina, "follow", handle, flag=False)
    await _begin(lindenhof, amina, "mute", handle, flag=False)
    await rig.settle()
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT show_boosts FROM follows") is False
        assert await tx.fetchval("SELECT notifications FROM mutes") is False


async def test_who_is_done_is_left_alone_and_who_failed_is_tried_again(rig: Rig, lindenhof: RigNode) -> None:
    amina, jonas = await lindenhof.person("amina"), await lindenhof.person("jonas")
    handles = [f"{name}@{lindenhof.host}" for name in ("jonas", "later")]
    await _begin(lindenhof, amina, "follow", *handles)
    await rig.settle()
    async with lindenhof.db.tx() as tx:
        await follows.unfollow(tx, lindenhof.node, amina.id, jonas.id)
    await lindenhof.person("later")
    await _begin(lindenhof, amina, "follow", *handles)
    await rig.settle()
    assert await _counts(lindenhof, amina) == {"follow": (0, 2, 0)}
    async with lindenhof.db.read() as tx:
        followed = await tx.fetch("SELECT followee_id FROM follows WHERE follower_id = $1", amina.id)
    assert [row["followee_id"] for row in followed] != [jonas.id]
    assert len(followed) == 1


async def test_a_list_whose_wake_was_lost_goes_on_and_a_house_that_is_down_is_asked_again(
    rig: Rig, lindenhof: RigNode
) -> None:
    amina = await lindenhof.person("amina")
    await _begin(lindenhof, amina, "follow", "ada@localhost:1")
    lindenhof._woken.clear()  # the wake was lost
    for attempt in range(1, imports.MAX_ATTEMPTS + 1):
        assert await _counts(lindenhof, amina) == {"follow": (1, 0, 0)}
        await lindenhof.sweep()
        await rig.settle()
        async with lindenhof.db.read() as tx:
            assert await tx.fetchval("SELECT attempts FROM import_lines") == attempt
        rig.clock.advance(days=1)
    assert await _counts(lindenhof, amina) == {"follow": (0, 0, 1)}
    rig.clock.advance(days=31)
    await imports.forget(lindenhof.node)
    assert await _counts(lindenhof, amina) == {}
    await imports.run(lindenhof.node, "nonsense")


async def test_the_page_shows_what_is_in_a_file_before_anything_is_done(rig: Rig, lindenhof: RigNode) -> None:
    jonas = await lindenhof.person("jonas")
    async with signed_in(lindenhof, "amina") as amina:
        await amina.get("/settings/import")
        await amina.post("/settings/import", **amina.hidden(), kind="follow")
        assert (amina.status, "Please choose a file." in amina.text) == (422, True)
        form = aiohttp.FormData({"kind": "mute"})
        form.add_field("file", f"jonas@{lindenhof.host}\nx\n", filename="mutes.csv")
        await amina.post("/settings/import", form=form)
        assert "You will mute 1 person." in amina.text
        assert "1 line makes no sense" in amina.text
        people = f"jonas@{lindenhof.host},true\n"
        await amina.post("/settings/import/start", **amina.hidden(), people=people)
        assert amina.status == 303
        await rig.settle()
        await amina.get("/settings/import")
        assert "1 person done" in amina.text
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT target_id FROM mutes") == jonas.id
