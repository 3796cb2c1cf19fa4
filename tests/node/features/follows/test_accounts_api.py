"""People, their profiles and their relations through the client API."""

from typing import Any

import aiohttp

from tests.node.features import api_client as shapes
from tests.node.features.api_client import ApiClient, Clients, ListOf, check
from tests.node.features.media import samples
from tests.rig import Rig

PEOPLE = "/api/v1/accounts"


async def test_who_am_i(alice: ApiClient) -> None:
    me = await alice.get(f"{PEOPLE}/verify_credentials")
    check(me, shapes.CREDENTIALS)
    assert (me["id"], me["username"], me["acct"]) == (alice.id, "alice", "alice")
    assert me["role"]["id"] == "-99"


async def test_an_admin_is_told_so(clients: Clients) -> None:
    dora = await clients.person("dora", role="admin")
    me = await dora.get(f"{PEOPLE}/verify_credentials")
    check(me, shapes.CREDENTIALS)
    assert (me["role"]["name"], me["role"]["highlighted"]) == ("Owner", True)


async def test_a_token_for_the_profile_alone_is_enough_to_say_who_one_is(clients: Clients) -> None:
    program = await clients.person("carla", scopes=("profile",))
    assert (await program.get(f"{PEOPLE}/verify_credentials"))["username"] == "carla"
    answer = await program.call("GET", "/api/v1/timelines/home")
    assert (answer.status, answer.body) == (403, {"error": "This action is outside the authorized scopes"})


async def test_a_profile_changes_where_it_is_told_to(alice: ApiClient, bob: ApiClient) -> None:
    fields = {"fields_attributes[0][name]": "Web", "fields_attributes[0][value]": "https://alice.example"}
    sent = {"display_name": "Alice", "note": "I bake #bread", "locked": "true", "discoverable": "1", **fields}
    source = {"source[privacy]": "private", "source[language]": "de"}
    me = await alice.ok("PATCH", f"{PEOPLE}/update_credentials", data={**sent, **source})
    check(me, shapes.CREDENTIALS)
    assert (me["display_name"], me["locked"], me["discoverable"]) == ("Alice", True, True)
    assert (me["source"]["note"], me["source"]["privacy"], me["source"]["language"]) == (
        "I bake #bread",
        "private",
        "de",
    )
    assert me["source"]["fields"] == [{"name": "Web", "value": "https://alice.example", "verified_at": None}]
    assert 'href="https://alice.example"' in me["fields"][0]["value"]
    again = await alice.ok("PATCH", f"{PEOPLE}/update_credentials", json={"bot": False})
    assert (again["display_name"], again["note"]) == (me["display_name"], me["note"])
    seen = await bob.get(f"{PEOPLE}/{alice.id}")
    check(seen, shapes.ACCOUNT)
    assert seen["display_name"] == "Alice"
    assert (await alice.write("Quietly"))["visibility"] == "private"
    cleared = await alice.ok("PATCH", f"{PEOPLE}/update_credentials", json={"fields_attributes": []})
    assert cleared["fields"] == []


async def test_a_picture_is_taken_and_served(alice: ApiClient) -> None:
    form = aiohttp.FormData()
    form.add_field(
        "avatar", samples.file_of(samples.noise(500, 400), "PNG"), filename="me.png", content_type="image/png"
    )
    form.add_field("avatar_description", "Me, laughing")
    before = await alice.get(f"{PEOPLE}/verify_credentials")
    me = await alice.ok("PATCH", f"{PEOPLE}/update_credentials", data=form)
    check(me, shapes.CREDENTIALS)
    assert me["avatar_description"] == "Me, laughing"
    assert me["avatar"] != before["avatar"]
    assert me["header"] == before["header"]
    for address in (me["avatar"], before["avatar"], before["header"]):
        answer = await alice.call("GET", address)
        assert (answer.status, answer.headers["Content-Type"].split("/")[0]) == (200, "image")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a name too long": ({"display_name": "x" * 81}, "display_name"),
    "a text too long": ({"note": "x" * 5001}, "note"),
    "too many lines": (
        {"fields_attributes": [{"name": str(n), "value": "v"} for n in range(9)]},
        "fields",
    ),
    "an audience that is none": ({"source": {"privacy": "friends"}}, "source"),
}


async def test_a_profile_that_cannot_be_is_422(alice: ApiClient) -> None:
    for name, (sent, field) in REFUSED.items():
        answer = await alice.call("PATCH", f"{PEOPLE}/update_credentials", json=sent)
        assert answer.status == 422, name
        check(answer.body, {"error": str, "details": dict}, name)
        check(answer.body["details"], {field: ListOf({"error": str, "description": str})}, name)


async def test_a_picture_that_is_a_program_is_422(alice: ApiClient) -> None:
    form = aiohttp.FormData()
    form.add_field("header", samples.SVG, filename="me.png", content_type="image/png")
    answer = await alice.call("PATCH", f"{PEOPLE}/update_credentials", data=form)
    assert answer.status == 422
    assert "error" in answer.body


async def test_people_are_found_by_id_and_by_handle(
    alice: ApiClient, bob: ApiClient, anybody: ApiClient
) -> None:
    host = alice.origin.removeprefix("http://")
    for acct in ("bob", "@bob", "BOB", f"bob@{host}"):
        assert (await anybody.get(f"{PEOPLE}/lookup", acct=acct))["id"] == bob.id
    for acct in ("nobody", "bob@elsewhere.example", ""):
        answer = await alice.call("GET", f"{PEOPLE}/lookup", params={"acct": acct})
        assert (answer.status, answer.body) == (404, {"error": "Record not found"})
    found = await alice.ok("GET", PEOPLE, params=[("id[]", bob.id), ("id[]", "5"), ("id[]", alice.id)])
    check(found, ListOf(shapes.ACCOUNT))
    assert [one["id"] for one in found] == [bob.id, alice.id]
    assert (await alice.call("GET", f"{PEOPLE}/5")).status == 404


async def test_a_follow_changes_the_relation_on_both_sides(alice: ApiClient, bob: ApiClient) -> None:
    standing = await bob.post(f"{PEOPLE}/{alice.id}/follow", reblogs=False, notify=True)
    check(standing, shapes.RELATIONSHIP)
    assert [standing[key] for key in ("following", "showing_reblogs", "notifying", "requested")] == [
        True,
        False,
        True,
        False,
    ]
    [seen] = await alice.ok("GET", f"{PEOPLE}/relationships", params={"id[]": bob.id})
    check(seen, shapes.RELATIONSHIP)
    assert (seen["followed_by"], seen["following"]) == (True, False)
    [follower] = await alice.get(f"{PEOPLE}/{alice.id}/followers")
    [followed] = await alice.get(f"{PEOPLE}/{bob.id}/following")
    check([follower, followed], ListOf(shapes.ACCOUNT))
    assert (follower["id"], followed["id"]) == (bob.id, alice.id)
    removed = await alice.post(f"{PEOPLE}/{bob.id}/remove_from_followers")
    assert removed["followed_by"] is False
    assert (await bob.post(f"{PEOPLE}/{alice.id}/unfollow"))["following"] is False


async def test_who_asks_first_is_let_in_or_not(alice: ApiClient, clients: Clients) -> None:
    await alice.ok("PATCH", f"{PEOPLE}/update_credentials", json={"locked": True})
    askers = [await clients.person(name) for name in ("bob", "carla")]
    for one in askers:
        assert (await one.post(f"{PEOPLE}/{alice.id}/follow"))["requested"] is True
    assert (await alice.get(f"{PEOPLE}/verify_credentials"))["source"]["follow_requests_count"] == 2
    waiting = await alice.get("/api/v1/follow_requests")
    check(waiting, ListOf(shapes.ACCOUNT))
    assert {one["id"] for one in waiting} == {one.id for one in askers}
    let_in = await alice.post(f"/api/v1/follow_requests/{askers[0].id}/authorize")
    check(let_in, shapes.RELATIONSHIP)
    assert let_in["followed_by"] is True
    assert (await alice.post(f"/api/v1/follow_requests/{askers[1].id}/reject"))["requested_by"] is False
    assert await alice.get("/api/v1/follow_requests") == []
    answer = await alice.call("POST", f"/api/v1/follow_requests/{askers[1].id}/authorize")
    assert (answer.status, answer.body) == (404, {"error": "Record not found"})


async def test_a_block_stands_between_two(alice: ApiClient, bob: ApiClient) -> None:
    await bob.post(f"{PEOPLE}/{alice.id}/follow")
    blocked = await alice.post(f"{PEOPLE}/{bob.id}/block")
    check(blocked, shapes.RELATIONSHIP)
    assert (blocked["blocking"], blocked["followed_by"]) == (True, False)
    assert [one["id"] for one in await alice.get("/api/v1/blocks")] == [bob.id]
    answer = await bob.call("POST", f"{PEOPLE}/{alice.id}/follow")
    assert (answer.status, answer.body) == (403, {"error": "This action is not allowed"})
    assert await bob.get(f"{PEOPLE}/{alice.id}/followers") == []
    assert (await alice.post(f"{PEOPLE}/{bob.id}/unblock"))["blocking"] is False


async def test_a_mute_may_end_by_itself(alice: ApiClient, bob: ApiClient, rig: Rig) -> None:
    muted = await alice.post(f"{PEOPLE}/{bob.id}/mute", duration=864_000, notifications=False)
    check(muted, shapes.RELATIONSHIP)
    assert (muted["muting"], muted["muting_notifications"]) == (True, False)
    assert muted["muting_expires_at"] == "2026-12-03T10:15:00.000Z"
    [listed] = await alice.get("/api/v1/mutes")
    check(listed, shapes.MUTED)
    assert listed["mute_expires_at"] == "2026-12-03T10:15:00.000Z"
    rig.clock.advance(days=11)
    [standing] = await alice.ok("GET", f"{PEOPLE}/relationships", params={"id[]": bob.id})
    assert standing["muting"] is False
    forever = await alice.post(f"{PEOPLE}/{bob.id}/mute")
    assert (forever["muting_notifications"], forever["muting_expires_at"]) == (True, None)
    assert (await alice.post(f"{PEOPLE}/{bob.id}/unmute"))["muting"] is False


async def test_nobody_follows_blocks_or_mutes_themselves(alice: ApiClient) -> None:
    for word in ("follow", "block", "mute"):
        answer = await alice.call("POST", f"{PEOPLE}/{alice.id}/{word}")
        assert (answer.status, answer.body) == (403, {"error": "This action is not allowed"}), word


WORDS = ("follow", "unfollow", "block", "unblock", "mute", "unmute", "remove_from_followers")


async def test_somebody_unknown_is_404(alice: ApiClient) -> None:
    for word in WORDS:
        answer = await alice.call("POST", f"{PEOPLE}/4711/{word}")
        assert (answer.status, answer.body) == (404, {"error": "Record not found"}), word


async def test_followers_are_turned_by_pages(alice: ApiClient, clients: Clients, rig: Rig) -> None:
    names = ["bob", "carla", "dora"]
    for name in names:
        rig.clock.advance(seconds=1)
        await (await clients.person(name)).post(f"{PEOPLE}/{alice.id}/follow")
    found: list[str] = []
    address = f"{PEOPLE}/{alice.id}/followers?limit=2"
    while address:
        answer = await alice.call("GET", address)
        found += [one["username"] for one in answer.body]
        address = answer.link("next")
    assert found == names[::-1]


async def test_preferences_follow_the_settings(alice: ApiClient) -> None:
    chosen = await alice.get("/api/v1/preferences")
    check(
        chosen,
        {
            "posting:default:visibility": str,
            "posting:default:quote_policy": str,
            "posting:default:sensitive": bool,
            "posting:default:language": (str, type(None)),
            "reading:expand:media": str,
            "reading:expand:spoilers": bool,
            "reading:autoplay:gifs": bool,
        },
    )
    await alice.ok("PATCH", f"{PEOPLE}/update_credentials", json={"source": {"privacy": "unlisted"}})
    assert (await alice.get("/api/v1/preferences"))["posting:default:visibility"] == "unlisted"
