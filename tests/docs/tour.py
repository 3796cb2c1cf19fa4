"""One person does everything that leaves a node, and the documents of it are collected.

FEDERATION.md shows one example for each; `test_federation_md` compares their shape with these.
"""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import orjson
from PIL import Image

from federation import strict_json
from node.db.database import Tx
from node.features.actors import lookup
from node.features.actors.service import Field, ProfileChange, update_profile
from node.features.actors.store import reads as actors
from node.features.follows import moves
from node.features.follows import service as follows
from node.features.leaving import service as leaving
from node.features.media import service as media
from node.features.polls.service import PollDraft
from node.features.posts import polling, reactions, service
from node.features.posts.service import Draft
from node.features.posts.store import writes
from node.features.reports import service as reports
from tests.rig import Rig, RigNode

ACCEPT = {"Accept": "application/activity+json"}


def name_of(document: dict[str, Any]) -> str:
    """`Undo Follow`, `Create Note`, `Delete`: what an example is called; actors and answers by their type."""
    inner = document.get("object")
    if document["type"].startswith("OrderedCollection"):
        return f"{document['type']} {document['id'].split('/')[6]}"
    if not isinstance(inner, dict):
        return str(document["type"])
    if inner["type"] == "Note" and "content" not in inner:
        return f"{document['type']} vote"
    return f"{document['type']} {inner['type']}{' that quotes' if 'quote' in inner else ''}"


async def said(tx: Tx) -> list[dict[str, Any]]:
    """Every activity a node has said, in order."""
    rows = await tx.fetch("SELECT body FROM activities ORDER BY id")
    return [strict_json.loads(bytes(row["body"])) for row in rows]


async def _fetched(node: RigNode, *paths: str) -> list[dict[str, Any]]:
    found = []
    async with aiohttp.ClientSession() as client:
        for path in paths:
            async with client.get(path if "://" in path else node.origin + path, headers=ACCEPT) as answer:
                found.append(orjson.loads(await answer.read()))
    return found


async def _picture(here: RigNode, owner_id: int) -> int:
    file = io.BytesIO()
    Image.new("RGB", (640, 480), (20, 90, 60)).save(file, "PNG")
    file.seek(0)
    kept = await media.accept_upload(here.node, owner_id, file, alt="The garden in autumn", focus=(0.1, 0.4))
    return kept.id


async def take(rig: Rig) -> dict[str, dict[str, Any]]:
    """Name of each kind of document to one that was really sent or served."""
    here, there = await rig.node_of("lindenhof"), await rig.node_of("lernwerk")
    amina, olena = await here.person("amina"), await there.person("olena")
    far = await lookup.resolve_handle(here.node, f"@olena@{there.host}")
    near = await lookup.resolve_handle(there.node, f"@amina@{here.host}")
    profile = ProfileChange(
        display_name="Amina Yusuf", summary_source="I look after the garden.",
        fields=(Field(name="Found at", source="https://lindenhof.example"),), locked=True,
    )  # fmt: skip
    async with here.db.tx() as tx:
        await follows.follow(tx, here.node, amina.id, far.id)
        await update_profile(tx, here.node, amina.id, profile)
    await rig.settle()
    for accept in (False, True):
        async with there.db.tx() as tx:
            await follows.follow(tx, there.node, olena.id, near.id)
        await rig.settle()
        asking = await lookup.find_known(here.node, f"olena@{there.host}")
        assert asking is not None
        async with here.db.tx() as tx:
            await follows.answer_request(tx, here.node, amina.id, asking.id, accept=accept)
        await rig.settle()
    return await _write_and_leave(rig, here, there, amina.id, far.id, olena.id)


async def _move(here: RigNode, there: RigNode, amina: int, olena: int) -> None:
    """Amina goes on as Olena, who says that this is her."""
    async with here.db.read() as tx:
        old = await actors.get_actor(tx, amina)
    async with there.db.tx() as tx:
        await update_profile(tx, there.node, olena, ProfileChange(also_known_as=(old.uri,)))
        new = await actors.get_actor(tx, olena)
    target = await lookup.refresh(here.node, await lookup.resolve_uri(here.node, new.uri))
    async with here.db.tx() as tx:
        await moves.move_out(tx, here.node, amina, target)


async def _quote_each_other(rig: Rig, here: RigNode, there: RigNode, amina: int, olena: int) -> str:
    """Both quote the other; one wish is turned down. Returns the address of the leave Amina gave."""
    uris = {}
    for node, author, policy in ((here, amina, "public"), (here, amina, "nobody"), (there, olena, "public")):
        rig.clock.advance(minutes=1)
        async with node.db.tx() as tx:
            post_id = await service.write_post(
                tx, node.node, author, Draft(source="Harvest starts", quote_policy=policy)
            )
            uris[policy if node is here else "theirs"] = (await writes.get_post(tx, post_id)).uri
    await rig.settle()
    async with there.db.tx() as tx:  # the rule reached them too late
        await tx.execute("UPDATE posts SET quote_policy = 'public' WHERE uri = $1", uris["nobody"])
    for node, author, name in ((here, amina, "theirs"), (there, olena, "public"), (there, olena, "nobody")):
        rig.clock.advance(minutes=1)
        async with node.db.tx() as tx:
            quoted = await writes.find_by_uri(tx, uris[name])
            assert quoted is not None
            await service.write_post(tx, node.node, author, Draft(source="Who helps?", quoted_id=quoted.id))
    await rig.settle()
    async with here.db.read() as tx:
        return str(await tx.fetchval("SELECT '/ap/quote-authorizations/' || id FROM quote_stamps"))


async def _ask_each_other(rig: Rig, here: RigNode, there: RigNode, ids: tuple[int, int, int]) -> None:
    amina, far, olena = ids
    asked = Draft(
        source="Which day?", language="en", poll=PollDraft(titles=("Saturday", "Sunday"), open_s=86_400)
    )
    async with here.db.tx() as tx:
        ours = await service.write_post(tx, here.node, amina, asked)
    async with there.db.tx() as tx:
        await service.write_post(tx, there.node, olena, asked)
    await rig.settle()
    async with here.db.tx() as tx:
        theirs = await tx.fetchval("SELECT id FROM posts WHERE author_id = $1 AND kind = 'Question'", far)
        await polling.vote(tx, here.node, amina, theirs, [0])
    async with there.db.tx() as tx:
        copy = await tx.fetchval("SELECT id FROM posts WHERE uri = $1", f"{here.origin}/ap/notes/{ours}")
        if copy is not None:
            await polling.vote(tx, there.node, olena, copy, [1])
    await rig.settle()
    rig.clock.advance(minutes=2)
    await here.sweep()
    await rig.settle()


async def _write_and_leave(
    rig: Rig, here: RigNode, there: RigNode, amina: int, far: int, olena: int
) -> dict[str, dict[str, Any]]:
    async with there.db.tx() as tx:
        await service.write_post(tx, there.node, olena, Draft(source="Wer kommt zur Probe?"))
    await rig.settle()
    async with here.db.read() as tx:
        asked = await tx.fetchval("SELECT id FROM posts WHERE author_id = $1", far)
    await _ask_each_other(rig, here, there, (amina, far, olena))
    picture = await _picture(here, amina)
    draft = Draft(
        source=f"@olena@{there.host} I come, and bring #apples.", warning="Food", language="en",
        in_reply_to_id=asked, media_ids=(picture,),
    )  # fmt: skip
    async with here.db.tx() as tx:
        answer = await service.write_post(tx, here.node, amina, draft)
    rig.clock.advance(minutes=1)
    async with here.db.tx() as tx:
        plain = await service.write_post(tx, here.node, amina, Draft(source="Good morning"))
    await rig.settle()
    leave = await _quote_each_other(rig, here, there, amina, olena)
    async with here.db.tx() as tx:
        await service.edit_post(tx, here.node, amina, plain, Draft(source="Good evening"))
        await reactions.like(tx, here.node, amina, asked)
        await reactions.boost(tx, here.node, amina, asked)
        await reactions.pin(tx, here.node, amina, plain)
    pages = [leave, "/actor", f"/ap/users/{amina}", f"/ap/notes/{answer}", f"/ap/users/{amina}/featured"]
    pages += [f"/ap/users/{amina}/outbox", f"/ap/users/{amina}/outbox/page/0", f"/ap/users/{amina}/followers"]
    pages.append(f"/ap/notes/{plain}/context")
    served = await _fetched(here, *pages)
    for page in served:
        if page["type"] == "OrderedCollectionPage":
            plainest = [item for item in page["orderedItems"] if "Good evening" in str(item)]
            page["orderedItems"] = plainest  # it shows the shape
    async with here.db.tx() as tx:
        flagged = reports.Draft(target_id=far, post_ids=(asked,), comment="Advertising", forward=True)
        await reports.write_report(tx, here.node, amina, flagged)
        await reactions.unlike(tx, here.node, amina, asked)
        await reactions.unboost(tx, here.node, amina, asked)
        await reactions.unpin(tx, here.node, amina, plain)
        await service.delete_post(tx, here.node, amina, plain)
        await follows.unfollow(tx, here.node, amina, far)
        await follows.block(tx, here.node, amina, far)
        await follows.unblock(tx, here.node, amina, far)
    async with here.db.read() as tx:
        first = await said(tx)
    served += await _fetched(here, f"/ap/notes/{plain}")
    await _move(here, there, amina, olena)
    async with here.db.read() as tx:
        first += await said(tx)
    async with here.db.tx() as tx:
        await leaving.delete_account(tx, here.node, amina)
    async with here.db.read() as tx:
        first += await said(tx)
    found: dict[str, dict[str, Any]] = {}
    for document in sorted([*first, *served], key=lambda document: -len(strict_json.dumps(document))):
        found.setdefault(name_of(document), document)
    return found
