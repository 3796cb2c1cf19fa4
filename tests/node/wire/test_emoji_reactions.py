"""Emoji reactions of every dialect: kept apart from likes, counted once, taken back alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from federation import vocab
from node.db.rows import Window
from node.features.actors.store.reads import Actor
from node.features.emoji.service import MOST_OF_ONE
from node.features.emoji.translate import is_emoji
from node.features.posts import views
from node.features.reading import store as reading
from node.features.reading import views as reading_views
from tests.node.wire.strangers import Stranger, faults, outcome, run, wrong_counters
from tests.node.wire.test_states import Line, one_post
from tests.rig import Rig, RigNode

ONE_EMOJI = (
    "🎉", "❤", "❤️", "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "1️⃣", "#️⃣", "🏳️‍🌈", "☀️", "→", "🫩", "‼️", "🐝",
)  # fmt: skip
NO_EMOJI = (
    "", "a", "hello", "1", "🎉🎉", "🎉 ", "<b>", "::", ":a b:", "\u200d", "🏽", "🇩", "🇩🇪🇩🇪", "é", "あ",
    "🎉" + "\ufe0f" * 30, "é🎉", "🎉\u200d", "\u202e🎉",
)  # fmt: skip


@pytest.fixture
def line(rig: Rig, lindenhof: RigNode) -> Line:
    return Line(rig, lindenhof)


@pytest.mark.parametrize("text", ONE_EMOJI, ids=ascii)
def test_one_pictogram_is_an_emoji(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize("text", NO_EMOJI, ids=ascii)
def test_words_several_pictograms_and_halves_are_none(text: str) -> None:
    assert not is_emoji(text)


async def shown(node: RigNode, post_id: int, viewer: Actor | None = None) -> list[tuple[str, int, bool]]:
    async with node.db.read() as tx:
        post = await views.get_post(tx, post_id, viewer.id if viewer else None)
    return [(one.emoji, one.count, bool(one.picture_url)) for one in post.reactions]


async def likes(node: RigNode, post_id: int) -> int:
    async with node.db.read() as tx:
        return (await views.get_post(tx, post_id, None)).likes_count


def custom(who: Stranger, **more: Any) -> dict[str, Any]:
    """A reaction with a small picture of its own."""
    icon = {"type": "Image", "url": who.peer.uri("/emoji/bee.png"), "mediaType": "image/png"}
    tag = {"type": "Emoji", "id": who.peer.uri("/emoji/bee"), "name": ":bee:", "icon": icon}
    return {"content": ":bee:", "tag": [tag], **more}


class Dialect(msgspec.Struct, frozen=True):
    """How a program says it, and what is shown; None: it is a like."""

    name: str
    kind: str
    fields: dict[str, Any]
    emoji: str | None
    picture: bool = False


DIALECTS = [
    Dialect("Pleroma", "EmojiReact", {"content": "🐝"}, "🐝"),
    Dialect("Pleroma, a heart", "EmojiReact", {"content": "❤️"}, "❤️"),
    Dialect("Akkoma, its own", "EmojiReact", {"own": True}, ":bee:", picture=True),
    Dialect("Misskey", "Like", {"content": "🎉", "_misskey_reaction": "🎉"}, "🎉"),
    Dialect("Misskey, only its own word", "Like", {"_misskey_reaction": "🎉"}, "🎉"),
    Dialect("Misskey, its own", "Like", {"own": True, "_misskey_reaction": ":bee:"}, ":bee:", picture=True),
    Dialect("Misskey, of this server", "Like", {"own": True, "content": ":bee@.:"}, ":bee:", picture=True),
    Dialect("Misskey, the plain like", "Like", {"content": "❤", "_misskey_reaction": "❤"}, None),
    Dialect("Mastodon", "Like", {}, None),
    Dialect("an EmojiReact of nothing", "EmojiReact", {}, None),
    Dialect("a shortcode without a picture", "EmojiReact", {"content": ":ghost:"}, ":ghost:"),
]


@pytest.mark.parametrize("case", DIALECTS, ids=[case.name for case in DIALECTS])
async def test_every_dialect_is_understood_and_taken_back(
    line: Line, amina: Actor, eve: Stranger, case: Dialect
) -> None:
    post_id, uri = await one_post(line.node, amina)
    fields = dict(case.fields)
    if fields.pop("own", False):
        fields = custom(eve) | fields
    given = eve.does(case.kind, uri, **fields)
    assert await line.work(eve, given) == [("done", "")]
    expected = [] if case.emoji is None else [(case.emoji, 1, case.picture)]
    assert await shown(line.node, post_id) == expected
    assert await likes(line.node, post_id) == int(case.emoji is None)
    # By what it embeds, under an id nobody has heard of; then by the bare id.
    again = eve.does(case.kind, uri, **fields)
    embedded = {name: value for name, value in given.items() if name not in ("@context", "id")}
    ends = await line.work(
        eve, eve.does("Undo", embedded | {"id": given["id"]}), again, eve.does("Undo", again["id"])
    )
    assert ends == [("done", "")] * 3
    assert await shown(line.node, post_id) == [] and await likes(line.node, post_id) == 0
    async with line.node.db.read() as tx:
        assert await wrong_counters(tx) == []
        assert await tx.fetchval("SELECT reactions_count FROM posts WHERE id = $1", post_id) == 0
        assert await reading.list_notifications(tx, amina.id, Window()) == []


async def test_a_like_and_reactions_of_one_person_stand_side_by_side(
    line: Line, amina: Actor, eve: Stranger, vera: Stranger
) -> None:
    post_id, uri = await one_post(line.node, amina)
    like, bee = eve.does("Like", uri), eve.does("EmojiReact", uri, content="🐝")
    more = eve.does("EmojiReact", uri, content="🎉")
    repeated = eve.does("EmojiReact", uri, content="🐝")
    assert await line.work(eve, like, bee, more, repeated) == [
        ("done", ""),
        ("done", ""),
        ("done", ""),
        ("ignored", "known_already"),
    ]
    await line.work(vera, vera.does("EmojiReact", uri, content="🎉"))
    assert await shown(line.node, post_id) == [("🎉", 2, False), ("🐝", 1, False)]
    assert await likes(line.node, post_id) == 1
    assert await line.work(eve, eve.does("Undo", bee)) == [("done", "")]
    assert await shown(line.node, post_id) == [("🎉", 2, False)]
    assert await likes(line.node, post_id) == 1


async def test_undoing_a_reaction_that_never_came_leaves_the_like(
    line: Line, amina: Actor, eve: Stranger
) -> None:
    post_id, uri = await one_post(line.node, amina)
    late = eve.does("EmojiReact", uri, content="🎉")
    ends = await line.work(eve, eve.does("Like", uri), eve.does("Undo", late), late)
    assert ends == [("done", ""), ("ignored", "unknown_object"), ("ignored", "known_already")]
    assert await shown(line.node, post_id) == [] and await likes(line.node, post_id) == 1


async def test_nobody_takes_back_what_somebody_else_gave(
    line: Line, amina: Actor, eve: Stranger, vera: Stranger
) -> None:
    post_id, uri = await one_post(line.node, amina)
    bee = eve.does("EmojiReact", uri, content="🐝")
    await line.work(eve, bee)
    assert await line.work(vera, vera.does("Undo", bee["id"])) == [("refused", "not_owner")]
    assert await shown(line.node, post_id) == [("🐝", 1, False)]


async def test_words_are_no_reaction_and_unseen_posts_get_none(
    line: Line, amina: Actor, eve: Stranger
) -> None:
    _, uri = await one_post(line.node, amina)
    _, hidden = await one_post(line.node, amina, audience="followers")
    ends = await line.work(
        eve,
        eve.does("EmojiReact", uri, content="<img src=x onerror=alert(1)>"),
        eve.does("EmojiReact", uri, content='"><b>'),
        eve.does("EmojiReact", hidden, content="🎉"),
        eve.does("EmojiReact", uri + "0", content="🎉"),
    )
    assert ends == [
        ("ignored", "not_an_emoji"),
        ("ignored", "not_an_emoji"),
        ("refused", "not_visible"),
        ("ignored", "post_unknown"),
    ]


async def test_one_person_gives_only_so_many(line: Line, amina: Actor, eve: Stranger) -> None:
    post_id, uri = await one_post(line.node, amina)
    signs = [chr(0x1F400 + number) for number in range(MOST_OF_ONE + 3)]
    for sign in signs:
        await line.send(eve, eve.does("EmojiReact", uri, content=sign))
    await run(line.node)
    assert len(await shown(line.node, post_id)) == MOST_OF_ONE
    assert await faults(line.node) == []


async def test_the_author_hears_of_it_once_with_the_emoji(line: Line, amina: Actor, eve: Stranger) -> None:
    post_id, uri = await one_post(line.node, amina)
    given = [eve.does("EmojiReact", uri, content="🐝"), eve.does("EmojiReact", uri, **custom(eve))]
    await line.work(eve, *given)
    async with line.node.db.read() as tx:
        rows = await reading.list_notifications(tx, amina.id, Window())
        (told,) = await reading_views.list_notifications(tx, rows, amina.id)
    assert (told.kind, [text for text, _ in told.emoji]) == ("reaction", ["🐝", ":bee:"])
    await line.work(eve, eve.does("Undo", given[0]))
    async with line.node.db.read() as tx:
        assert len(await reading.list_notifications(tx, amina.id, Window())) == 1
    await line.work(eve, eve.does("Undo", given[1]))
    async with line.node.db.read() as tx:
        assert await reading.list_notifications(tx, amina.id, Window()) == []
    assert await shown(line.node, post_id) == []


async def test_who_leaves_takes_their_reactions_along(line: Line, amina: Actor, eve: Stranger) -> None:
    post_id, uri = await one_post(line.node, amina)
    await line.work(eve, eve.does("EmojiReact", uri, content="🐝"), eve.does("Delete", eve.uri))
    assert await shown(line.node, post_id) == []
    async with line.node.db.read() as tx:
        assert await tx.fetchval("SELECT reactions_count FROM posts WHERE id = $1", post_id) == 0


def test_a_reaction_as_misskey_sends_it_is_read_as_one() -> None:
    read = vocab.read({
        "type": "Like", "id": "https://m.example/l", "actor": "https://m.example/u",
        "object": "https://n.example/n", "_misskey_reaction": "🎉",
    })  # fmt: skip
    assert isinstance(read, vocab.EmojiReact) and read.content == "🎉"


async def test_a_reaction_delivered_three_times_counts_once(line: Line, amina: Actor, eve: Stranger) -> None:
    post_id, uri = await one_post(line.node, amina)
    given = eve.does("EmojiReact", uri, content="🐝")
    for _ in range(3):
        assert await eve.send(line.node, given) == 202
    await run(line.node)
    assert await outcome(line.node, given) == ("done", "")
    assert await shown(line.node, post_id) == [("🐝", 1, False)]
