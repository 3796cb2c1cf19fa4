"""What an edit takes off a post stays with the post's earlier versions, and goes when the post goes."""

import io

import aiohttp
import pytest

from federation.vocab import Media as WireMedia
from node.features.actors.store.reads import Actor
from node.features.media import jobs, service, store
from node.features.media.storage import storage_of
from node.features.posts import service as posts
from node.features.posts import views
from node.features.posts.service import Draft
from node.features.posts.store import writes
from tests.node.features.media import samples
from tests.rig import Rig, RigNode


@pytest.fixture
async def anna(lindenhof: RigNode) -> Actor:
    return await lindenhof.person("anna")


async def picture(node: RigNode, anna: Actor, alt: str) -> store.Media:
    content = io.BytesIO(samples.file_of(samples.noise(60, 40), "PNG"))
    return await service.accept_upload(node.node, anna.id, content, alt=alt)


async def edit(node: RigNode, anna: Actor, post_id: int, *media_ids: int) -> None:
    async with node.db.tx() as tx:
        await posts.edit_post(tx, node.node, anna.id, post_id, Draft(source="Look", media_ids=media_ids))


async def test_earlier_versions_show_the_pictures_they_had(lindenhof: RigNode, anna: Actor, rig: Rig) -> None:
    house = lindenhof
    first, second = await picture(house, anna, "Spring"), await picture(house, anna, "Autumn")
    async with house.db.tx() as tx:
        post_id = await posts.write_post(tx, house.node, anna.id, Draft(source="Look", media_ids=(first.id,)))
    rig.clock.advance(minutes=5)
    await edit(house, anna, post_id, second.id)
    rig.clock.advance(days=3)
    for job in (jobs.remove_unused, jobs.remove_leftovers):
        await job(house.node)
    async with house.db.read() as tx:
        _, versions = await views.list_revisions(tx, post_id, None)
    assert [[(file.id, file.alt) for file in one.media] for one in versions] == [
        [(first.id, "Spring")],
        [(second.id, "Autumn")],
    ]
    async with aiohttp.ClientSession() as visitor:
        for media in (first, second):
            async with visitor.get(house.origin + service.url_of(house.node, media)) as answer:
                assert answer.status == 200
        async with visitor.get(f"{house.origin}/posts/{post_id}/history") as page:
            shown = await page.text()
        async with visitor.get(f"{house.origin}/api/v1/statuses/{post_id}/history") as answer:
            edits = await answer.json()
    assert all(media.file_key in shown for media in (first, second)) and 'alt="Spring"' in shown
    assert [[file["description"] for file in one["media_attachments"]] for one in edits] == [
        ["Spring"],
        ["Autumn"],
    ]


async def test_a_picture_of_an_earlier_version_can_be_shown_again_and_goes_with_the_post(
    lindenhof: RigNode, anna: Actor, rig: Rig
) -> None:
    house = lindenhof
    first, second = await picture(house, anna, "Spring"), await picture(house, anna, "Autumn")
    async with house.db.tx() as tx:
        post_id = await posts.write_post(tx, house.node, anna.id, Draft(source="Look", media_ids=(first.id,)))
    await edit(house, anna, post_id, second.id)
    await edit(house, anna, post_id, first.id)
    async with house.db.read() as tx:
        found = (await store.list_for_posts(tx, [post_id]))[post_id]
    assert [media.id for media in found] == [first.id]
    async with house.db.tx() as tx:
        await posts.delete_post(tx, house.node, anna.id, post_id)
    await jobs.remove_leftovers(house.node)
    for media in (first, second):
        assert not await storage_of(house.node).files.exists(media.file_key)


async def test_a_peers_pictures_stay_with_what_showed_them_but_not_without_end(
    lindenhof: RigNode, anna: Actor
) -> None:
    def shown(*names: str) -> list[WireMedia]:
        return [
            WireMedia(url=f"https://peer.example/{name}.png", media_type="image/png", name=name)
            for name in names
        ]

    async with lindenhof.db.tx() as tx:
        post_id = await posts.write_post(tx, lindenhof.node, anna.id, Draft(source="As if from afar"))
        await service.put_remote(tx, post_id, anna.id, shown("a", "b"))
        before = (await store.list_for_posts(tx, [post_id]))[post_id]
        await writes.put_revision(tx, post_id)
        again = [*shown("b", "c"), *shown("c")]
        await service.replace_remote(tx, post_id, anna.id, again)
        after = (await store.list_for_posts(tx, [post_id]))[post_id]
        assert [media.alt for media in after] == ["b", "c"]
        assert after[0].id == before[1].id, "what stays is not written again"
        _, versions = await views.list_revisions(tx, post_id, anna.id)
        assert [[file.alt for file in one.media] for one in versions] == [["a", "b"], ["b", "c"]]
        for number in range(90):
            await service.replace_remote(tx, post_id, anna.id, shown(f"n{number}"))
        assert await tx.fetchval("SELECT count(*) FROM media WHERE revision_of = $1", post_id) == 64
