"""What shared caches and our own may keep: nothing private, nothing of one asker for another, nothing past its end."""

from __future__ import annotations

import aiohttp

from federation.signatures import cavage
from federation.signatures.message import Outgoing
from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.node.features.accounts.browser import Browser
from tests.node.wire.strangers import Stranger, get_activity
from tests.threats.oracle import Scene

AP = {"Accept": "application/activity+json"}


async def _asked(scene: Scene, path: str, signer: Stranger | None = None) -> tuple[int, str, str, bytes]:
    """(status, Cache-Control, Vary, body) of a GET as a peer sends it."""
    headers = dict(AP)
    if signer is not None:
        headers |= cavage.sign(
            Outgoing("GET", scene.node.origin + path), signer.signer, scene.rig.clock.now()
        )
    async with aiohttp.ClientSession() as session:
        async with session.get(scene.node.origin + path, headers=headers, allow_redirects=False) as answer:
            found = answer.headers
            return answer.status, found.get("Cache-Control", ""), found.get("Vary", ""), await answer.read()


async def test_cch_01_what_a_signature_opened_is_kept_by_no_cache(scene: Scene) -> None:
    vera, eve = scene.vera, scene.eve
    await scene.works(vera, vera.does("Follow", scene.amina.uri))
    async with scene.node.db.tx() as tx:
        closed = await posts.write_post(
            tx, scene.node.node, scene.amina.id, Draft(source="nur hier", audience="followers")
        )
        opened = await posts.write_post(tx, scene.node.node, scene.amina.id, Draft(source="für alle"))
    for first, second in ((eve, vera), (vera, eve)):
        for who in (first, second):
            status, kept, vary, body = await _asked(scene, f"/ap/notes/{closed}", who)
            assert status == (200 if who is vera else 404)
            assert "no-store" in kept and "public" not in kept
            assert (b"nur hier" in body) == (who is vera)
            if status == 200:
                assert "Signature" in vary and "Accept" in vary
    for who in (eve, vera, None):
        status, kept, vary, _ = await _asked(scene, f"/ap/notes/{opened}", who)
        assert (status, "Signature" in vary) == (200, True) and "no-store" not in kept


async def test_cch_01_collections_tell_caches_who_asked(scene: Scene) -> None:
    path = scene.amina.uri.removeprefix(scene.node.origin)
    for collection in ("outbox", "featured", "followers"):
        for who in (None, scene.eve, scene.vera):
            status, kept, vary, _ = await _asked(scene, f"{path}/{collection}", who)
            assert status == 200
            assert "no-store" in kept or ("Signature" in vary and "Accept" in vary), collection


async def test_cch_02_a_page_and_a_document_at_one_address_are_told_apart(scene: Scene) -> None:
    async with scene.node.db.tx() as tx:
        post_id = await posts.write_post(tx, scene.node.node, scene.amina.id, Draft(source="für alle"))
    async with Browser(scene.node.origin) as browser:
        for path in (f"/ap/notes/{post_id}", "/@amina"):
            await browser.get(path)
            vary = browser.headers.get("Vary", "")
            assert "Accept" in vary or "no-store" in browser.headers.get("Cache-Control", ""), path
        await browser.sign_in("amina")
        for path in ("/", "/@amina", "/notifications", "/settings", "/world"):
            await browser.get(path)
            assert browser.status == 200 and "private" in browser.headers["Cache-Control"], path
            assert "public" not in browser.headers["Cache-Control"]


async def test_cch_03_a_block_and_a_suspension_count_at_once(scene: Scene) -> None:
    vera = scene.vera
    await scene.works(vera, vera.does("Follow", scene.amina.uri))
    async with scene.node.db.tx() as tx:
        closed = await posts.write_post(
            tx, scene.node.node, scene.amina.id, Draft(source="nur hier", audience="followers")
        )
    assert (await get_activity(scene.node, f"/ap/notes/{closed}", vera.signer)).status == 200
    async with scene.node.db.tx() as tx:
        await tx.execute("UPDATE actors SET suspended_at = $2 WHERE uri = $1", vera.uri, tx.now)
    assert (await get_activity(scene.node, f"/ap/notes/{closed}", vera.signer)).status == 404


async def test_cch_03_a_new_inbox_is_used_from_the_moment_it_is_known(scene: Scene) -> None:
    vera = scene.vera
    document = vera.peer.documents["/u/vera"]
    vera.peer.documents["/u/vera"] = {**document, "inbox": f"{vera.uri}/new-inbox"}
    await scene.works(vera, vera.does("Update", vera.peer.documents["/u/vera"]))
    async with scene.node.db.read() as tx:
        assert (
            await tx.fetchval("SELECT inbox_uri FROM actors WHERE uri = $1", vera.uri)
            == f"{vera.uri}/new-inbox"
        )
