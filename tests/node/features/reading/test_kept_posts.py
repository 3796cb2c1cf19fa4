"""What is kept of posts for all readers: never another reader's, never older than the rows.

After every change each reader is answered twice, from what is kept and with nothing kept; both must be the
same, byte for byte as JSON. Then the change itself is looked for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from node.features.emoji import store as emoji
from tests.node.features.api_client import ApiClient, Clients
from tests.node.features.media import samples
from tests.rig import Rig, RigNode

STATUSES = "/api/v1/statuses"
LISTS = ("/api/v1/timelines/home", "/api/v1/timelines/public", "/api/v1/accounts/{author}/statuses")


class House:
    """Three members and a visitor who look at the same posts. `author` wrote what they look at."""

    def __init__(
        self, clients: Clients, rig: Rig, author: ApiClient, follower: ApiClient, other: ApiClient
    ) -> None:
        self.clients, self.rig = clients, rig
        self.author, self.follower, self.other, self.anybody = author, follower, other, clients.anybody()

    async def look(self, post_id: str) -> dict[str, Any]:
        """What each of them is shown of a post, by name; None for what they may not see."""
        return {
            name: await self._as(getattr(self, name), post_id)
            for name in ("author", "follower", "other", "anybody")
        }

    async def _as(self, reader: ApiClient, post_id: str) -> Any:
        kept = await self._answers(reader, post_id)
        self.forget()
        assert await self._answers(reader, post_id) == kept
        return kept[0]

    async def _answers(self, reader: ApiClient, post_id: str) -> list[Any]:
        paths = [path.format(author=self.author.id) for path in LISTS if reader.token or "home" not in path]
        alone = await reader.call("GET", f"{STATUSES}/{post_id}")
        lists = [(await reader.call("GET", path)).body for path in paths]
        return [alone.body if alone.status == 200 else None, *lists]

    def forget(self) -> None:
        """As after a start: nothing is kept."""
        node: RigNode = self.clients.node
        node.db._caches.clear()
        node.node.caches.pop("statuses", None)
        node.node.caches.pop("accounts", None)


@pytest.fixture
async def house(clients: Clients, rig: Rig) -> House:
    people = [await clients.person(name) for name in ("amina", "bilal", "carla")]
    await people[1].post(f"/api/v1/accounts/{people[0].id}/follow")
    rig.clock.advance(seconds=1)
    return House(clients, rig, *people)


Act = Callable[[House, str], Awaitable[None]]


async def _liked(house: House, post_id: str) -> None:
    await house.follower.post(f"{STATUSES}/{post_id}/favourite")
    await house.other.post(f"{STATUSES}/{post_id}/bookmark")
    seen = await house.look(post_id)
    marks = {who: (one.get("favourited"), one.get("bookmarked")) for who, one in seen.items()}
    assert marks == {
        "author": (False, False), "follower": (True, False), "other": (False, True), "anybody": (None, None),
    }  # fmt: skip
    assert {one["favourites_count"] for one in seen.values()} == {1}
    await house.follower.post(f"{STATUSES}/{post_id}/unfavourite")
    assert {one["favourites_count"] for one in (await house.look(post_id)).values()} == {0}


async def _boosted(house: House, post_id: str) -> None:
    await house.other.post(f"/api/v1/accounts/{house.follower.id}/follow")
    house.rig.clock.advance(seconds=1)
    boost = await house.follower.post(f"{STATUSES}/{post_id}/reblog")
    assert (await house.look(post_id))["follower"]["reblogged"]
    seen = await house.look(boost["id"])
    assert {one["reblog"]["id"] for one in seen.values()} == {post_id}
    assert [one["id"] for one in await house.other.get("/api/v1/timelines/home")] == [boost["id"]]
    await house.follower.ok("PATCH", "/api/v1/accounts/update_credentials", json={"display_name": "Bilal B."})
    seen = await house.look(boost["id"])
    assert {one["account"]["display_name"] for one in seen.values()} == {"Bilal B."}


async def _blocked(house: House, post_id: str) -> None:
    await house.author.post(f"/api/v1/accounts/{house.follower.id}/block")
    seen = await house.look(post_id)
    assert (seen["follower"], seen["other"] is None) == (None, False)
    await house.other.post(f"/api/v1/accounts/{house.author.id}/block")
    assert (await house.look(post_id))["other"] is None


async def _muted(house: House, post_id: str) -> None:
    assert len(await house.follower.get("/api/v1/timelines/home")) == 1
    await house.follower.post(f"/api/v1/accounts/{house.author.id}/mute")
    assert (await house.look(post_id))["follower"] is not None  # by its address it can still be read
    assert await house.follower.get("/api/v1/timelines/home") == []
    await house.follower.post(f"/api/v1/accounts/{house.author.id}/unmute")
    assert len(await house.follower.get("/api/v1/timelines/home")) == 1


async def _edited(house: House, post_id: str) -> None:
    house.rig.clock.advance(minutes=1)
    await house.author.ok("PUT", f"{STATUSES}/{post_id}", json={"status": "Changed #fresh @carla"})
    seen = await house.look(post_id)
    for one in seen.values():
        assert ("Changed" in one["content"], one["tags"][0]["name"], one["mentions"][0]["acct"]) == (
            True,
            "fresh",
            "carla",
        )
        assert one["edited_at"]


async def _deleted(house: House, post_id: str) -> None:
    await house.author.ok("DELETE", f"{STATUSES}/{post_id}")
    assert set((await house.look(post_id)).values()) == {None}
    assert await house.follower.get("/api/v1/timelines/home") == []


async def _renamed(house: House, post_id: str) -> None:
    await house.author.ok("PATCH", "/api/v1/accounts/update_credentials", json={"display_name": "Amina A."})
    seen = await house.look(post_id)
    assert {one["account"]["display_name"] for one in seen.values()} == {"Amina A."}


async def _closed_out(house: House, post_id: str) -> None:
    async with house.clients.node.db.tx() as tx:
        await tx.execute("UPDATE actors SET suspended_at = $2 WHERE id = $1", int(house.author.id), tx.now)
    for reader in (house.follower, house.other, house.anybody):
        assert (await reader.call("GET", f"{STATUSES}/{post_id}")).status == 404


async def _pinned(house: House, post_id: str) -> None:
    await house.author.post(f"{STATUSES}/{post_id}/pin")
    seen = await house.look(post_id)
    assert {who: one.get("pinned") for who, one in seen.items()} == {
        "author": True, "follower": None, "other": None, "anybody": None,
    }  # fmt: skip


async def _answered(house: House, post_id: str) -> None:
    await house.other.write("@amina Yes", in_reply_to_id=post_id)
    assert {one["replies_count"] for one in (await house.look(post_id)).values()} == {1}


async def _reacted(house: House, post_id: str) -> None:
    async with house.clients.node.db.tx() as tx:
        given = emoji.NewReaction(uri="x", actor_id=int(house.other.id), post_id=int(post_id), emoji="🌻")
        assert await emoji.put_reaction(tx, given, 5)
    seen = await house.look(post_id)
    assert {who: one["emoji_reactions"][0].get("me") for who, one in seen.items()} == {
        "author": False, "follower": False, "other": True, "anybody": None,
    }  # fmt: skip


async def _quoted(house: House, post_id: str) -> None:
    quoting = (await house.other.write("Look", quoted_status_id=post_id))["id"]
    assert {one["quotes_count"] for one in (await house.look(post_id)).values()} == {1}
    seen = await house.look(quoting)
    assert {one["quote"]["quoted_status"]["id"] for one in seen.values()} == {post_id}
    await house.author.post(f"/api/v1/accounts/{house.follower.id}/block")
    assert (await house.look(quoting))["follower"]["quote"]["quoted_status"] is None
    await house.author.post(f"{STATUSES}/{post_id}/quotes/{quoting}/revoke")
    seen = await house.look(quoting)
    assert {(one["quote"]["state"], one["quote"]["quoted_status"]) for one in seen.values()} == {
        ("revoked", None)
    }


CHANGES: dict[str, Act] = {
    "liked": _liked, "boosted": _boosted, "blocked": _blocked, "muted": _muted, "edited": _edited,
    "deleted": _deleted, "renamed": _renamed, "closed out": _closed_out, "pinned": _pinned,
    "answered": _answered, "reacted": _reacted, "quoted": _quoted,
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
async def test_after_a_change_everybody_is_shown_what_is_so(house: House, change: str) -> None:
    post = await house.author.write("Who waters the leeks?")
    before = await house.look(post["id"])
    assert None not in before.values()
    await CHANGES[change](house, post["id"])


@pytest.mark.parametrize(
    ("visibility", "who"),
    [
        ({"visibility": "private"}, {"author", "follower"}),
        ({"visibility": "direct"}, {"author", "other"}),
        ({"local_only": True}, {"author", "follower", "other"}),
        ({"visibility": "unlisted"}, {"author", "follower", "other", "anybody"}),
    ],
)
async def test_what_is_kept_for_some_is_not_shown_to_others(
    house: House, visibility: dict[str, Any], who: set[str]
) -> None:
    post = await house.author.write(
        "@carla Not for all" if who == {"author", "other"} else "Us", **visibility
    )
    seen = await house.look(post["id"])
    assert {name for name, one in seen.items() if one is not None} == who
    # Kept by those who may, asked for by those who may not.
    for name in who:
        assert (await getattr(house, name).call("GET", f"{STATUSES}/{post['id']}")).status == 200
    for name in seen.keys() - who:
        assert (await getattr(house, name).call("GET", f"{STATUSES}/{post['id']}")).status == 404


async def test_who_follows_no_more_sees_no_more(house: House) -> None:
    post = await house.author.write("Among us", visibility="private")
    assert (await house.look(post["id"]))["follower"] is not None
    await house.follower.post(f"/api/v1/accounts/{house.author.id}/unfollow")
    assert (await house.look(post["id"]))["follower"] is None


async def test_a_vote_is_the_voters_own(house: House) -> None:
    post = await house.author.write("When?", poll={"options": ["Now", "Later"], "expires_in": 86_400})
    await house.look(post["id"])
    await house.other.post(f"/api/v1/polls/{post['id']}/votes", choices=[1])
    seen = await house.look(post["id"])
    assert {who: one["poll"].get("own_votes") for who, one in seen.items()} == {
        "author": [], "follower": [], "other": [1], "anybody": None,
    }  # fmt: skip
    assert {one["poll"]["votes_count"] for one in seen.values()} == {1}


async def test_a_file_described_anew_is_shown_so(house: House) -> None:
    form = aiohttp.FormData()
    picture = samples.file_of(samples.noise(64, 48), "PNG")
    form.add_field("file", picture, filename="x.png", content_type="image/png")
    media = await house.author.ok("POST", "/api/v2/media", data=form)
    post = await house.author.write("A picture", media_ids=[media["id"]])
    await house.look(post["id"])
    async with house.clients.node.db.tx() as tx:
        await tx.execute("UPDATE media SET alt = 'Leeks' WHERE id = $1", int(media["id"]))
    seen = await house.look(post["id"])
    assert {one["media_attachments"][0]["description"] for one in seen.values()} == {"Leeks"}


async def test_somebody_named_under_another_address_is_shown_so(house: House) -> None:
    post = await house.author.write("@carla You?")
    await house.look(post["id"])
    async with house.clients.node.db.tx() as tx:
        await tx.execute("UPDATE actors SET url = 'https://x.example/c' WHERE id = $1", int(house.other.id))
    seen = await house.look(post["id"])
    assert {one["mentions"][0]["url"] for one in seen.values()} == {"https://x.example/c"}


async def test_home_holds_no_boost_by_somebody_blocked(house: House) -> None:
    """Who was followed and is blocked by the other side as well: no row of theirs is left to show."""
    post = await house.other.write("Carla's")
    house.rig.clock.advance(seconds=1)
    await house.author.post(f"{STATUSES}/{post['id']}/reblog")
    assert len(await house.follower.get("/api/v1/timelines/home")) == 1
    async with house.clients.node.db.tx() as tx:  # as in the moment before the follow is cut
        await tx.execute(
            "INSERT INTO blocks (id, uri, actor_id, target_id, created_at) VALUES (1, 'x', $1, $2, $3)",
            int(house.follower.id), int(house.author.id), tx.now,
        )  # fmt: skip
    assert await house.follower.get("/api/v1/timelines/home") == []
