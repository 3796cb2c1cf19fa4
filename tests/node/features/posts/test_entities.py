"""Posts and people as entities, where they are not plain: gone, from elsewhere, articles, emojis, films."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from node.features.actors import entities as people
from node.features.actors.store.reads import Actor
from node.features.posts.entities import Boosted, Statuses
from node.features.posts.views import Picture, PostView
from tests.node.features import api_client as shapes
from tests.node.features.api_client import check
from tests.rig import RigNode

THEN = datetime(2026, 11, 23, 10, 15, 7, 123456, tzinfo=UTC)


def _actor(**changes: Any) -> Actor:
    plain: dict[str, Any] = dict.fromkeys(Actor.__struct_fields__, "") | {
        "id": 7, "uri": "https://peer.example/u/tom", "local": False, "host": "peer.example", "kind": "Person",
        "username": "tom", "fields": [], "also_known_as": [], "locked": False, "discoverable": True,
        "indexable": True, "followers_count": 1, "following_count": 2, "posts_count": 3, "last_post_at": THEN,
        "created_at": THEN, "updated_at": THEN, "fetched_at": THEN, "suspended_at": None, "deleted_at": None,
    }  # fmt: skip
    return Actor(**(plain | changes))


def _post(**changes: Any) -> PostView:
    plain: dict[str, Any] = {
        "id": 9, "uri": "https://peer.example/n/9", "url": "", "author": _actor(), "local": False, "kind": "Note",
        "title": "", "html": "<p>Hello</p>", "source": "", "warning": "", "sensitive": False, "language": "",
        "audience": "public", "in_reply_to_id": None, "in_reply_to_uri": "", "in_reply_to_actor_id": None,
        "thread_id": 9, "emojis": [], "replies_count": 0, "likes_count": 0, "boosts_count": 0, "published_at": THEN,
        "edited_at": None, "pinned_at": None, "app_name": "", "liked": False, "boosted": False, "bookmarked": False,
        "muted": True, "media": (), "mentions": (), "tags": (), "context_uri": "",
    }  # fmt: skip
    return PostView(**(plain | changes))


def _file(**changes: Any) -> Picture:
    plain: dict[str, Any] = {
        "id": 3, "kind": "image", "mime": "", "file_key": "", "preview_key": "",
        "remote_url": "https://peer.example/x.png", "width": 0, "height": 0, "blurhash": "", "alt": "",
        "focus_x": 0.0, "focus_y": 0.0,
    }  # fmt: skip
    return Picture(**(plain | changes))


def _json(entity: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(entity))


ADDRESSES = people.Addresses("https://house.example", lambda url: f"https://house.example/proxy/{url[8:]}")


def test_times_are_written_as_mastodon_writes_them() -> None:
    assert people.stamp(THEN) == "2026-11-23T10:15:07.123Z"
    assert people.stamp(THEN.replace(microsecond=0)) == "2026-11-23T10:15:07.000Z"
    assert people.stamp_or_none(None) is None


def test_somebody_elsewhere_has_no_local_keys_and_pictures_through_us() -> None:
    seen = _json(people.account(_actor(avatar_url="https://peer.example/a.png"), ADDRESSES))
    check(seen, shapes.ACCOUNT)
    assert (seen["acct"], seen["url"]) == ("tom@peer.example", "https://peer.example/u/tom")
    assert seen["avatar"] == "https://house.example/proxy/peer.example/a.png"
    assert seen["created_at"] == "2026-11-23T00:00:00.000Z"  # the day alone
    assert seen["last_status_at"] == "2026-11-23"
    assert not {"roles", "noindex", "suspended", "moved", "source", "role"} & seen.keys()


def test_somebody_suspended_keeps_the_name_and_nothing_else() -> None:
    gone = _actor(
        suspended_at=THEN,
        display_name="Tom",
        summary_html="<p>x</p>",
        avatar_url="https://peer.example/a.png",
    )
    seen = _json(people.account(gone, ADDRESSES))
    check(seen, shapes.ACCOUNT)
    assert (seen["username"], seen["display_name"], seen["note"], seen["suspended"]) == ("tom", "", "", True)
    assert seen["avatar"] == "https://house.example/avatars/original/missing.png"


def test_kinds_of_actors_are_told() -> None:
    kinds = {kind: people.account(_actor(kind=kind), ADDRESSES) for kind in ("Person", "Group", "Service")}
    assert {kind: (one.bot, one.group) for kind, one in kinds.items()} == {
        "Person": (False, False),
        "Group": (False, True),
        "Service": (True, False),
    }


def test_emojis_without_name_or_picture_are_left_out() -> None:
    rows = [
        {"name": ":blob:", "url": "https://peer.example/b.png"},
        {"name": "", "url": "x"},
        {"name": "a"},
        {},
    ]
    assert [one.shortcode for one in people.emojis(rows, ADDRESSES)] == ["blob"]


async def test_posts_of_others_are_whole_statuses(lindenhof: RigNode) -> None:
    maker = Statuses(lindenhof.node, 1)
    film = _file(kind="video", remote_url="https://peer.example/x.mp4", alt="A dance", width=4, height=3)
    post = _post(
        kind="Article",
        title="Soup & <bread>",
        emojis=[{"name": ":blob:", "url": "https://peer.example/b.png"}],
        media=(_file(), film),
        tags=("Suppe",),
    )
    seen = _json(maker.status(post))
    check(seen, shapes.STATUS)
    assert seen["content"] == "<p><strong>Soup &amp; &lt;bread&gt;</strong></p><p>Hello</p>"
    assert "application" not in seen  # of others it is not known
    assert seen["muted"] is False  # the person is muted, not the conversation
    assert "pinned" not in seen
    picture, moving = seen["media_attachments"]
    for one in (picture, moving):
        assert one["url"].startswith(f"{lindenhof.origin}/media/proxy/")
        assert one["remote_url"].startswith("https://peer.example/x.")
    assert (picture["preview_url"], moving["preview_url"]) == (picture["url"], None)
    assert moving["meta"] == {"original": {"width": 4, "height": 3, "size": "4x3", "aspect": 1.333333}}


async def test_a_boost_for_this_house_says_so(lindenhof: RigNode) -> None:
    maker = Statuses(lindenhof.node, 1)
    boosted = Boosted(11, _actor(id=8, username="ida"), THEN, "https://peer.example/b/11", "local")
    seen = _json(maker.boost(_post(audience="local"), boosted))
    check(seen, shapes.BOOST)
    assert (seen["id"], seen["uri"]) == ("11", "https://peer.example/b/11")
    assert (seen["visibility"], seen["local_only"]) == ("public", True)
    assert (seen["account"]["username"], seen["reblog"]["account"]["username"]) == ("ida", "tom")


async def test_anybody_gets_no_marks(lindenhof: RigNode) -> None:
    check(_json(Statuses(lindenhof.node, None).status(_post())), shapes.STATUS_FOR_ANYBODY)
