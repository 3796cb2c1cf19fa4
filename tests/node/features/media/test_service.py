"""Uploads from the hand to the post and out of the world again, on a real node."""

import io
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from federation.vocab.parts import Media as WireMedia
from node.errors import NodeError
from node.features.actors.store.reads import Actor
from node.features.media import jobs, service, store
from node.features.media.kinds import MP3, MP4
from node.features.media.storage import MediaStorage, storage_of
from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.node.features.media import samples
from tests.rig import Rig, RigNode


@pytest.fixture
async def anna(lindenhof: RigNode) -> Actor:
    return await lindenhof.person("anna")


@pytest.fixture
async def otto(lindenhof: RigNode) -> Actor:
    return await lindenhof.person("otto")


async def upload(house: RigNode, owner: Actor, content: bytes | None = None, alt: str = "") -> store.Media:
    return await service.accept_upload(
        house.node, owner.id, io.BytesIO(content or samples.telling_jpeg()), alt
    )


async def write(house: RigNode, author: Actor, *media: store.Media, audience: str = "public") -> int:
    draft = Draft(source="Look", audience=audience, media_ids=tuple(one.id for one in media))
    async with house.db.tx() as tx:
        return await posts.write_post(tx, house.node, author.id, draft)


async def files_of(house: RigNode, post_id: int) -> list[int]:
    async with house.db.read() as tx:
        return [media.id for media in (await store.list_for_posts(tx, [post_id])).get(post_id, ())]


def kept_files(house: RigNode) -> list[Path]:
    return [path for path in (house.node.config.data_dir / "media" / "files").rglob("*") if path.is_file()]


async def test_an_uploaded_picture_is_measured_described_and_seen(lindenhof: RigNode, anna: Actor) -> None:
    media = await upload(lindenhof, anna, samples.telling_jpeg(300, 200), alt="Beans in rows")
    assert (media.kind, media.mime, media.width, media.height) == ("image", "image/jpeg", 200, 300)
    assert media.alt == "Beans in rows"
    storage = storage_of(lindenhof.node)
    sizes = [(await storage.files.fetch(key)).stat().st_size for key in (media.file_key, media.preview_key)]
    assert media.bytes == sum(sizes)
    assert service.url_of(lindenhof.node, media) == f"/media/files/{media.file_key}"
    assert service.preview_url_of(lindenhof.node, media) == f"/media/files/{media.preview_key}"


async def test_a_film_and_a_sound_pass_unchanged_but_for_the_place(lindenhof: RigNode, anna: Actor) -> None:
    film = await upload(lindenhof, anna, samples.telling_mp4())
    sound = await upload(lindenhof, anna, samples.MP3)
    assert (film.kind, film.mime, film.width, film.height) == ("video", MP4.mime, 1920, 1080)
    assert (sound.kind, sound.mime) == ("audio", MP3.mime)
    content = (await storage_of(lindenhof.node).files.fetch(film.file_key)).read_bytes()
    assert b"+52.5200" not in content
    assert (await storage_of(lindenhof.node).files.fetch(sound.file_key)).read_bytes() == samples.MP3
    assert service.preview_url_of(lindenhof.node, film) == ""


class Refusal(msgspec.Struct, frozen=True):
    name: str
    content: bytes
    text: str


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal("svg", samples.SVG, service._NO_SVG),
        Refusal("html", samples.HTML, service._WE_TAKE),
        Refusal("an actor document (MED-02)", samples.ACTOR, service._WE_TAKE),
        Refusal("heic", samples.HEIC, service._WE_TAKE),
        Refusal("avif", samples.AVIF, service._WE_TAKE),
        Refusal("zip", samples.ZIP, service._WE_TAKE),
        Refusal("nothing", b"", service._WE_TAKE),
    ],
    ids=lambda refusal: refusal.name,
)
async def test_what_we_do_not_take_is_refused_kindly_and_leaves_nothing(
    lindenhof: RigNode, anna: Actor, refusal: Refusal
) -> None:
    with pytest.raises(NodeError) as caught:
        await service.accept_upload(lindenhof.node, anna.id, io.BytesIO(refusal.content))
    assert (caught.value.code, caught.value.field, caught.value.text) == ("invalid", "file", refusal.text)
    assert kept_files(lindenhof) == []
    async with lindenhof.db.read() as tx:
        assert await store.count_bytes(tx, anna.id) == 0


async def test_too_large_is_said_with_the_limit(lindenhof: RigNode, anna: Actor) -> None:
    storage_of(lindenhof.node).max_upload_bytes = 2_000_000
    with pytest.raises(NodeError) as caught:
        await upload(lindenhof, anna, samples.MP3 + bytes(2_000_000))
    assert (caught.value.code, caught.value.values) == ("too_large", {"megabytes": 2})
    assert kept_files(lindenhof) == []


async def test_a_full_space_refuses_and_leaves_no_file(lindenhof: RigNode, anna: Actor) -> None:
    storage_of(lindenhof.node).quota_bytes = len(samples.MP3) + 10
    await upload(lindenhof, anna, samples.MP3)
    with pytest.raises(NodeError) as caught:
        await upload(lindenhof, anna, samples.MP3)
    assert caught.value.text == service._QUOTA_FULL
    assert len(kept_files(lindenhof)) == 1


async def test_a_full_house_refuses_everybody_and_leaves_no_file(lindenhof: RigNode, anna: Actor) -> None:
    storage_of(lindenhof.node).total_bytes = len(samples.MP3) + 10
    await upload(lindenhof, anna, samples.MP3)
    with pytest.raises(NodeError, match="unavailable"):
        await upload(lindenhof, await lindenhof.person("jonas"), samples.MP3)
    assert len(kept_files(lindenhof)) == 1


async def test_a_long_description_is_refused_before_the_file_is_read(lindenhof: RigNode, anna: Actor) -> None:
    with pytest.raises(NodeError) as caught:
        await upload(lindenhof, anna, alt="x" * 1501)
    assert caught.value.field == "alt"
    assert kept_files(lindenhof) == []


async def test_files_hang_on_a_post_in_the_order_asked_for(lindenhof: RigNode, anna: Actor) -> None:
    media = [await upload(lindenhof, anna, samples.MP3) for _ in range(3)]
    post_id = await write(lindenhof, anna, media[2], media[0], media[1])
    assert await files_of(lindenhof, post_id) == [media[2].id, media[0].id, media[1].id]


async def test_another_persons_file_cannot_be_taken(lindenhof: RigNode, anna: Actor, otto: Actor) -> None:
    """MED-07."""
    media = await upload(lindenhof, anna, samples.MP3)
    with pytest.raises(NodeError) as caught:
        await write(lindenhof, otto, media)
    assert caught.value.code == "not_found"
    with pytest.raises(NodeError) as caught:
        async with lindenhof.db.tx() as tx:
            await service.set_alt(tx, otto.id, media.id, "mine now")
    assert caught.value.code == "not_found"


async def test_a_file_of_another_post_cannot_be_taken(lindenhof: RigNode, anna: Actor) -> None:
    """MED-07: a followers-only picture would else be shown to everybody by mistake."""
    media = await upload(lindenhof, anna, samples.MP3)
    first = await write(lindenhof, anna, media, audience="followers")
    with pytest.raises(NodeError):
        await write(lindenhof, anna, media)
    assert await files_of(lindenhof, first) == [media.id]


async def test_nine_files_are_too_many(lindenhof: RigNode, anna: Actor) -> None:
    media = [await upload(lindenhof, anna, samples.MP3) for _ in range(9)]
    with pytest.raises(NodeError) as caught:
        await write(lindenhof, anna, *media)
    assert (caught.value.code, caught.value.values) == ("invalid", {"most": 8})


async def test_an_edit_lets_go_of_what_it_leaves_out(lindenhof: RigNode, anna: Actor) -> None:
    old, kept, new = [await upload(lindenhof, anna, samples.MP3) for _ in range(3)]
    post_id = await write(lindenhof, anna, old, kept)
    async with lindenhof.db.tx() as tx:
        await service.replace(tx, anna.id, [new.id, kept.id], post_id)
    assert await files_of(lindenhof, post_id) == [new.id, kept.id]


async def test_focus_and_words_change_apart(lindenhof: RigNode, anna: Actor) -> None:
    media = await upload(lindenhof, anna, alt="before")
    async with lindenhof.db.tx() as tx:
        changed = await service.set_alt(tx, anna.id, media.id, "after", (2.0, -0.25))
        same_focus = await service.set_alt(tx, anna.id, media.id, "later")
    assert (changed.alt, changed.focus_x, changed.focus_y) == ("after", 1.0, -0.25)
    assert (same_focus.alt, same_focus.focus_x, same_focus.focus_y) == ("later", 1.0, -0.25)


async def test_files_of_a_deleted_post_are_gone_after_the_next_sweep(lindenhof: RigNode, anna: Actor) -> None:
    """MED-08."""
    media = await upload(lindenhof, anna)
    post_id = await write(lindenhof, anna, media)
    async with lindenhof.db.tx() as tx:
        await posts.delete_post(tx, lindenhof.node, anna.id, post_id)
    assert len(kept_files(lindenhof)) == 2
    await jobs.remove_leftovers(lindenhof.node)
    assert kept_files(lindenhof) == []
    async with lindenhof.db.read() as tx:
        assert await store.list_leftovers(tx, 10) == []


async def test_a_missing_file_does_not_keep_the_sweep_busy(lindenhof: RigNode, anna: Actor) -> None:
    """MED-12."""
    media = await upload(lindenhof, anna, samples.MP3)
    post_id = await write(lindenhof, anna, media)
    await storage_of(lindenhof.node).files.delete(media.file_key)
    async with lindenhof.db.tx() as tx:
        await posts.delete_post(tx, lindenhof.node, anna.id, post_id)
    await jobs.remove_leftovers(lindenhof.node)
    async with lindenhof.db.read() as tx:
        assert await store.list_leftovers(tx, 10) == []


async def test_an_upload_nobody_used_is_thrown_away_after_a_day(
    rig: Rig, lindenhof: RigNode, anna: Actor
) -> None:
    unused, used = await upload(lindenhof, anna, samples.MP3), await upload(lindenhof, anna, samples.MP3)
    await write(lindenhof, anna, used)
    rig.clock.advance(hours=23)
    await jobs.remove_unused(lindenhof.node)
    await jobs.remove_leftovers(lindenhof.node)
    assert len(kept_files(lindenhof)) == 2
    rig.clock.advance(hours=2)
    await jobs.remove_unused(lindenhof.node)
    await jobs.remove_leftovers(lindenhof.node)
    assert [path.name for path in kept_files(lindenhof)] == [used.file_key]
    assert unused.file_key != used.file_key


async def test_a_portrait_goes_when_the_profile_shows_another(
    rig: Rig, lindenhof: RigNode, anna: Actor
) -> None:
    portraits = [
        await service.accept_portrait(lindenhof.node, anna.id, io.BytesIO(samples.telling_png()), "avatar")
        for _ in range(2)
    ]
    shown = service.url_of(lindenhof.node, portraits[1])
    async with lindenhof.db.tx() as tx:
        await tx.execute("UPDATE actors SET avatar_url = $1 WHERE id = $2", shown, anna.id)
    rig.clock.advance(hours=25)
    await jobs.remove_unused(lindenhof.node)
    await jobs.remove_leftovers(lindenhof.node)
    assert [path.name for path in kept_files(lindenhof)] == [portraits[1].file_key]


async def test_a_film_is_no_portrait(lindenhof: RigNode, anna: Actor) -> None:
    with pytest.raises(NodeError) as caught:
        await service.accept_portrait(lindenhof.node, anna.id, io.BytesIO(samples.telling_mp4()), "avatar")
    assert caught.value.text == service._NO_PICTURE


async def test_a_file_without_a_row_is_found_within_a_day(lindenhof: RigNode, anna: Actor, rig: Rig) -> None:
    """A crash between writing the file and writing the row."""
    media = await upload(lindenhof, anna, samples.MP3)
    stray = await storage_of(lindenhof.node).files.put(b"stray", "png")
    ahead = time.time() - rig.clock.now().timestamp()  # files carry the machine's time
    rig.clock.advance(seconds=max(0.0, ahead), days=1, hours=1)
    for _ in range(24):
        await jobs.remove_strays(lindenhof.node)
        rig.clock.advance(hours=1)
    names = [path.name for path in kept_files(lindenhof)]
    assert names == [media.file_key]
    assert stray not in names


async def test_a_peers_files_are_kept_by_address_and_replaced_by_an_update(
    lindenhof: RigNode, anna: Actor
) -> None:
    post_id = await write(lindenhof, anna)
    first = [
        WireMedia(url=f"https://peer.example/{n}.png", media_type="image/png", name=f"{n}") for n in range(2)
    ]
    async with lindenhof.db.tx() as tx:
        await service.put_remote(tx, post_id, anna.id, first)
        found = (await store.list_for_posts(tx, [post_id]))[post_id]
        assert [(one.remote_url, one.alt, one.kind) for one in found] == [
            ("https://peer.example/0.png", "0", "image"),
            ("https://peer.example/1.png", "1", "image"),
        ]
        assert service.url_of(lindenhof.node, found[0]).startswith("/media/proxy/")
        await service.replace_remote(tx, post_id, anna.id, first[1:])
        found = (await store.list_for_posts(tx, [post_id]))[post_id]
        assert [one.remote_url for one in found] == ["https://peer.example/1.png"]


async def test_a_files_key_is_no_number_to_count_through(lindenhof: RigNode, anna: Actor) -> None:
    """MED-08."""
    one, two = await upload(lindenhof, anna, samples.MP3), await upload(lindenhof, anna, samples.MP3)
    assert str(one.id) not in one.file_key
    assert one.file_key[:8] != two.file_key[:8]
    assert timedelta(0) <= two.created_at - one.created_at
    assert isinstance(storage_of(lindenhof.node), MediaStorage)
