"""Timelines, notifications, markers and the house itself through the client API."""

from typing import Any

import aiohttp

from node.features.house import service as house
from tests.node.features import api_client as shapes
from tests.node.features.api_client import ApiClient, Clients, Id, ListOf, Opt, Url, check
from tests.node.features.media import samples
from tests.rig import Rig

LINES = "/api/v1/timelines"


async def _ids(client: ApiClient, path: str, **params: str) -> list[str]:
    found = await client.get(path, **params)
    check(found, ListOf((shapes.STATUS, shapes.BOOST)))
    return [one["id"] for one in found]


async def test_home_holds_what_those_i_follow_say_and_pass_on(
    clients: Clients, alice: ApiClient, bob: ApiClient, rig: Rig
) -> None:
    carla = await clients.person("carla")
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    rig.clock.advance(seconds=1)
    theirs = await bob.write("Mine")
    others = await carla.write("Somebody's")
    rig.clock.advance(seconds=1)
    boost = await bob.post(f"/api/v1/statuses/{others['id']}/reblog")
    assert await _ids(alice, f"{LINES}/home") == [boost["id"], theirs["id"]]
    [first, _] = await alice.get(f"{LINES}/home")
    check(first, shapes.BOOST)
    assert (first["account"]["id"], first["reblog"]["account"]["id"]) == (bob.id, carla.id)
    assert (await alice.call("GET", f"{LINES}/home")).headers["Cache-Control"] == "private, no-store"


async def test_public_timelines_show_what_is_for_all(
    alice: ApiClient, bob: ApiClient, anybody: ApiClient
) -> None:
    public = await alice.write("For all #fest")
    inside = await alice.write("For us #fest", local_only=True)
    for visibility in ("unlisted", "private", "direct"):
        await alice.write("Not here #fest", visibility=visibility)
    assert await _ids(bob, f"{LINES}/public") == [public["id"]]
    assert set(await _ids(bob, f"{LINES}/public", local="true")) == {public["id"], inside["id"]}
    assert await _ids(bob, f"{LINES}/public", remote="true") == []
    assert set(await _ids(bob, f"{LINES}/tag/Fest")) == {public["id"], inside["id"]}
    seen = await anybody.get(f"{LINES}/public", local="true")
    check(seen, ListOf(shapes.STATUS_FOR_ANYBODY))
    assert [one["id"] for one in seen] == [public["id"]]
    assert [one["id"] for one in await anybody.get(f"{LINES}/tag/fest")] == [public["id"]]


async def test_only_media_is_only_media(alice: ApiClient) -> None:
    form = aiohttp.FormData()
    form.add_field(
        "file", samples.file_of(samples.noise(64, 48), "PNG"), filename="x.png", content_type="image/png"
    )
    media = await alice.ok("POST", "/api/v2/media", data=form)
    shown = await alice.write("A picture", media_ids=[media["id"]])
    await alice.write("Just words")
    for path in (f"{LINES}/public", f"/api/v1/accounts/{alice.id}/statuses"):
        assert await _ids(alice, path, only_media="true") == [shown["id"]]


async def test_pages_turn_both_ways_and_miss_nothing(alice: ApiClient, rig: Rig) -> None:
    written = []
    for number in range(7):
        rig.clock.advance(seconds=1)
        written.append((await alice.write(f"Number {number}"))["id"])
    newest_first = written[::-1]
    path = f"/api/v1/accounts/{alice.id}/statuses?limit=3"
    pages, address, last = [], path, path
    while address:
        answer = await alice.call("GET", address)
        if answer.body:
            last = answer.link("prev")
        pages.append([one["id"] for one in answer.body])
        address = answer.link("next")
    assert pages == [newest_first[:3], newest_first[3:6], newest_first[6:]]
    assert "limit=3" in last
    back = await alice.call("GET", last)
    assert [one["id"] for one in back.body] == newest_first[3:6]  # nearest to where we were
    assert await _ids(alice, path, since_id=written[3]) == newest_first[:3]
    assert await _ids(alice, path, since_id=written[1], max_id=written[4]) == [written[3], written[2]]


LIMITS = {"huge": ("100000", 5), "none": ("", 5), "zero": ("0", 1), "negative": ("-3", 1)}


async def test_a_limit_is_held_within_bounds(alice: ApiClient) -> None:
    for number in range(5):
        await alice.write(f"Number {number}")
    for name, (limit, expected) in LIMITS.items():
        assert len(await alice.get(f"{LINES}/public", limit=limit)) == expected, name


async def test_a_page_mark_that_is_no_number_is_400(alice: ApiClient) -> None:
    for name in ("max_id", "since_id", "min_id", "limit"):
        answer = await alice.call("GET", f"{LINES}/public", params={name: "newest"})
        assert (answer.status, list(answer.body)) == (400, ["error"]), name


async def test_somebodys_posts_are_narrowed_by_kind(alice: ApiClient, bob: ApiClient) -> None:
    path = f"/api/v1/accounts/{alice.id}/statuses"
    first = await alice.write("Bread #Brot")
    theirs = await bob.write("Soup")
    answer = await alice.write("Nice", in_reply_to_id=theirs["id"])
    boost = await alice.post(f"/api/v1/statuses/{theirs['id']}/reblog")
    await alice.write("Psst", visibility="private")
    assert set(await _ids(bob, path)) == {first["id"], answer["id"], boost["id"]}
    assert set(await _ids(bob, path, exclude_replies="true")) == {first["id"], boost["id"]}
    assert set(await _ids(bob, path, exclude_reblogs="true")) == {first["id"], answer["id"]}
    assert await _ids(bob, path, tagged="brot") == [first["id"]]


async def test_a_block_hides_a_person_from_every_line(alice: ApiClient, bob: ApiClient) -> None:
    post = await alice.write("Hello #all")
    await alice.post(f"/api/v1/accounts/{bob.id}/block")
    for path in (f"{LINES}/public", f"{LINES}/tag/all", f"/api/v1/accounts/{alice.id}/statuses"):
        assert await _ids(bob, path) == []
    assert (await bob.call("GET", f"/api/v1/statuses/{post['id']}")).status == 404


async def test_what_was_kept_and_liked_is_listed(alice: ApiClient, bob: ApiClient, rig: Rig) -> None:
    posts = [await alice.write(f"Number {number}") for number in range(2)]
    for post in posts:
        rig.clock.advance(seconds=1)
        await bob.post(f"/api/v1/statuses/{post['id']}/bookmark")
        await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    for path in ("/api/v1/bookmarks", "/api/v1/favourites"):
        assert await _ids(bob, path) == [posts[1]["id"], posts[0]["id"]]
        answer = await bob.call("GET", path, params={"limit": "1"})
        older = await bob.call("GET", answer.link("next"))
        assert [one["id"] for one in older.body] == [posts[0]["id"]]
        assert await _ids(alice, path) == []


async def test_notifications_say_what_happened(alice: ApiClient, bob: ApiClient, rig: Rig) -> None:
    post = await alice.write("Bread at noon")
    for path in (
        f"statuses/{post['id']}/favourite",
        f"statuses/{post['id']}/reblog",
        f"accounts/{alice.id}/follow",
    ):
        rig.clock.advance(seconds=1)
        await bob.post(f"/api/v1/{path}")
    rig.clock.advance(seconds=1)
    await bob.write("@alice thanks")
    found = await alice.get("/api/v1/notifications")
    check(found, ListOf(shapes.NOTIFICATION))
    assert [one["type"] for one in found] == ["mention", "follow", "reblog", "favourite"]
    assert "status" not in found[1]
    assert {one["account"]["id"] for one in found} == {bob.id}
    check(await alice.get(f"/api/v1/notifications/{found[0]['id']}"), shapes.NOTIFICATION)
    some = await alice.ok(
        "GET", "/api/v1/notifications", params=[("types[]", "follow"), ("types[]", "mention")]
    )
    assert [one["type"] for one in some] == ["mention", "follow"]
    rest = await alice.ok("GET", "/api/v1/notifications", params={"exclude_types[]": "mention"})
    assert [one["type"] for one in rest] == ["follow", "reblog", "favourite"]
    assert await alice.get("/api/v1/notifications", account_id=alice.id) == []
    assert await alice.get("/api/v1/notifications/unread_count") == {"count": 4}
    assert await alice.post(f"/api/v1/notifications/{found[0]['id']}/dismiss") == {}
    assert len(await alice.get("/api/v1/notifications")) == 3
    assert await alice.post("/api/v1/notifications/clear") == {}
    assert await alice.get("/api/v1/notifications") == []


GROUP = {
    "group_key": str, "notifications_count": int, "type": str, "most_recent_notification_id": int,
    "sample_account_ids": ListOf(Id), "status_id": Opt(Id),
}  # fmt: skip
ON_PAGE = {"page_min_id": Id, "page_max_id": Id, "latest_page_notification_at": shapes.Time}
GROUPED: dict[str, Any] = {"accounts": ListOf(shapes.ACCOUNT), "statuses": ListOf(shapes.STATUS)}


async def test_notifications_come_in_groups_of_one(alice: ApiClient, bob: ApiClient, rig: Rig) -> None:
    path = "/api/v2/notifications"
    post = await alice.write("Bread at noon")
    for word in (f"statuses/{post['id']}/favourite", f"accounts/{alice.id}/follow"):
        rig.clock.advance(seconds=1)
        await bob.post(f"/api/v1/{word}")
    found = await alice.get(path)
    check(found, GROUPED | {"notification_groups": ListOf(GROUP | ON_PAGE)})
    assert [one["id"] for one in found["accounts"]] == [bob.id]
    assert [one["id"] for one in found["statuses"]] == [post["id"]]
    follow, favourite = found["notification_groups"]
    assert (follow["type"], favourite["type"], favourite["status_id"]) == ("follow", "favourite", post["id"])
    first = await alice.call("GET", path, params={"limit": "1"})
    older = await alice.call("GET", first.link("next"))
    assert [one["type"] for one in older.body["notification_groups"]] == ["favourite"]
    one = await alice.get(f"{path}/{follow['group_key']}")
    check(one, GROUPED | {"notification_groups": ListOf(GROUP)})
    assert [who["id"] for who in await alice.get(f"{path}/{follow['group_key']}/accounts")] == [bob.id]
    assert await alice.get(f"{path}/unread_count") == {"count": 2}
    assert await alice.post(f"{path}/{follow['group_key']}/dismiss") == {}
    for key in (follow["group_key"], "favourite-1", "ungrouped-x", "x"):
        assert (await alice.call("GET", f"{path}/{key}")).status == 404
    assert (await bob.call("GET", f"{path}/{favourite['group_key']}")).status == 404


async def test_others_notifications_are_404(alice: ApiClient, bob: ApiClient) -> None:
    """AUT-11"""
    await bob.write("@alice hello")
    [mine] = await alice.get("/api/v1/notifications")
    for method, path in (("GET", ""), ("POST", "/dismiss")):
        answer = await bob.call(method, f"/api/v1/notifications/{mine['id']}{path}")
        assert (answer.status, answer.body) == (404, {"error": "Record not found"})
    assert len(await alice.get("/api/v1/notifications")) == 1


async def test_how_far_one_has_read_is_kept(alice: ApiClient) -> None:
    assert await alice.get("/api/v1/markers", **{"timeline[]": "home"}) == {}
    kept = await alice.ok(
        "POST", "/api/v1/markers", data={"home[last_read_id]": "12", "notifications[last_read_id]": "7"}
    )
    check(kept, {"home": shapes.MARKER, "notifications": shapes.MARKER})
    again = await alice.post("/api/v1/markers", home={"last_read_id": "15"})
    assert (again["home"]["last_read_id"], again["home"]["version"]) == ("15", 2)
    both = await alice.ok(
        "GET", "/api/v1/markers", params=[("timeline[]", "home"), ("timeline[]", "notifications")]
    )
    assert {name: one["last_read_id"] for name, one in both.items()} == {"home": "15", "notifications": "7"}


LIMIT_KEYS: dict[str, Any] = {
    "accounts": {
        "max_featured_tags": int,
        "max_pinned_statuses": int,
        "max_profile_fields": int,
        "profile_field_name_limit": int,
        "profile_field_value_limit": int,
    },
    "statuses": {"max_characters": int, "max_media_attachments": int, "characters_reserved_per_url": int},
    "media_attachments": {
        "supported_mime_types": ListOf(str),
        "description_limit": int,
        "image_size_limit": int,
        "image_matrix_limit": int,
        "video_size_limit": int,
        "video_frame_rate_limit": int,
        "video_matrix_limit": int,
    },
    "polls": {
        "max_options": int,
        "max_characters_per_option": int,
        "min_expiration": int,
        "max_expiration": int,
    },
}
RULE = {"id": Id, "text": str, "hint": str}
V1 = {
    "uri": str, "title": str, "short_description": str, "description": str, "email": str, "version": str,
    "urls": {"streaming_api": str}, "stats": {"user_count": int, "status_count": int, "domain_count": int},
    "thumbnail": (Url, type(None)), "languages": ListOf(str), "registrations": bool, "approval_required": bool,
    "invites_enabled": bool, "configuration": LIMIT_KEYS, "contact_account": (shapes.ACCOUNT, type(None)),
    "rules": ListOf(RULE),
}  # fmt: skip
V2 = {
    "domain": str, "title": str, "version": str, "source_url": Url, "description": str,
    "usage": {"users": {"active_month": int}},
    "thumbnail": {"url": Url, "blurhash": (str, type(None)), "versions": dict},
    "icon": ListOf(dict), "languages": ListOf(str),
    "configuration": LIMIT_KEYS | {
        "urls": {"streaming": str, "status": (Url, type(None)), "about": (Url, type(None)),
                 "privacy_policy": (Url, type(None)), "terms_of_service": (Url, type(None))},
        "vapid": {"public_key": str}, "translation": {"enabled": bool}, "limited_federation": bool,
    },
    "registrations": {"enabled": bool, "approval_required": bool, "reason_required": bool,
                      "message": (str, type(None)), "min_age": (int, type(None)), "url": (Url, type(None))},
    "api_versions": {"mastodon": int}, "contact": {"email": str, "account": (shapes.ACCOUNT, type(None))},
    "rules": ListOf(RULE),
}  # fmt: skip


async def test_the_house_tells_what_it_is(clients: Clients, anybody: ApiClient) -> None:
    dora = await clients.person("dora", role="admin")
    await dora.write("Welcome")
    first = await anybody.get("/api/v1/instance")
    second = await anybody.get("/api/v2/instance")
    assert await anybody.get("/api/v1/instance/") == first  # some programs ask with a slash
    assert await anybody.get("/api/v2/instance/") == second
    check(first, V1)
    check(second, V2)
    assert first["title"] == second["title"] == "Lindenhof"
    assert first["contact_account"]["id"] == second["contact"]["account"]["id"] == dora.id
    assert first["stats"] == {"user_count": 1, "status_count": 1, "domain_count": 0}
    assert first["version"].startswith("4.3.0 (compatible; Allmende ")


EMPTY = (
    "v1/instance/rules", "v1/instance/peers", "v1/instance/activity", "v1/instance/domain_blocks",
    "v1/custom_emojis", "v1/trends", "v1/trends/tags", "v1/trends/statuses", "v1/trends/links", "v1/announcements",
    "v1/filters", "v2/filters", "v1/lists", "v1/followed_tags", "v1/featured_tags", "v1/endorsements",
    "v1/domain_blocks", "v1/scheduled_statuses", "v1/accounts/1/featured_tags", "v1/accounts/1/lists",
    "v2/suggestions",
)  # fmt: skip


async def test_rooms_still_empty_say_so(alice: ApiClient) -> None:
    for path in EMPTY:
        assert await alice.get(f"/api/{path}") == [], path


async def test_the_long_texts_of_the_house_are_html(clients: Clients, anybody: ApiClient) -> None:
    async with clients.node.db.tx() as tx:
        await house.change_settings(
            tx, privacy="We keep little.\n\nAnd <b>nothing</b> else.", description="Hello"
        )
    text = await anybody.get("/api/v1/instance/privacy_policy")
    check(text, {"updated_at": shapes.Time, "content": str})
    assert text["content"] == "<p>We keep little.</p><p>And &lt;b&gt;nothing&lt;/b&gt; else.</p>"
    assert (await anybody.get("/api/v1/instance/extended_description"))["content"] == "<p>Hello</p>"


PAGES = (
    f"{LINES}/home",
    f"{LINES}/public",
    f"{LINES}/tag/many",
    "/api/v1/favourites",
    "/api/v1/notifications",
)


async def test_a_long_page_asks_the_database_no_more_than_a_short_one(
    clients: Clients, alice: ApiClient, bob: ApiClient
) -> None:
    """However many posts, authors and marks a page has: the same few statements."""
    asked: list[str] = []
    async with clients.node.db.pool.acquire() as connection:  # the one that all later calls get, one by one
        connection.add_query_logger(lambda record: asked.append(record.query))
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    needed: dict[int, list[str]] = {}
    fresh: dict[int, int] = {}
    for number in range(12):
        who = (alice, bob)[number % 2]
        post = await who.write(f"@alice number {number} #many")
        for one in (alice, bob):
            await one.post(f"/api/v1/statuses/{post['id']}/favourite")
        if number in (1, 11):
            asked.clear()
            for path in PAGES:
                assert len(await alice.get(path)) > number / 2
            fresh[number] = len(asked)
            asked.clear()
            for path in PAGES:
                await alice.get(path)
            needed[number] = list(asked)
    assert needed[1]
    assert needed[1] == needed[11]  # what was read before is not read again, only asked after
    assert max(fresh.values()) <= len(needed[11]) + 4 * len(PAGES)


async def test_a_tag_that_is_no_text_is_404(alice: ApiClient) -> None:
    answer = await alice.call("GET", f"{LINES}/tag/a%00b")
    assert (answer.status, answer.body) == (404, {"error": "Record not found"})
    assert await alice.get(f"{LINES}/tag/%F0%9F%8D%9E") == []


async def test_what_is_not_there_is_404_in_json(alice: ApiClient) -> None:
    for path in ("/api/v1/conversations", "/api/v1/lists/1/accounts", "/api/v3/anything", "/api/"):
        answer = await alice.call("GET", path)
        assert (answer.status, answer.body) == (404, {"error": "Record not found"}), path
