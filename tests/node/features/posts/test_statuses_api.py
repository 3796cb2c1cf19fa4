"""Writing, reading and marking posts through the client API."""

import asyncio
from typing import Any

import msgspec

from tests.node.features import api_client as shapes
from tests.node.features.api_client import ApiClient, Clients, check

POSTS = "/api/v1/statuses"


class Visible(msgspec.Struct, frozen=True):
    """What is asked for, and what the Status then says."""

    asked: dict[str, Any]
    visibility: str
    local_only: bool = False


VISIBLE = {
    "nothing said": Visible({}, "public"),
    "public": Visible({"visibility": "public"}, "public"),
    "unlisted": Visible({"visibility": "unlisted"}, "unlisted"),
    "private": Visible({"visibility": "private"}, "private"),
    "direct": Visible({"visibility": "direct"}, "direct"),
    "local by flag": Visible({"local_only": True}, "public", True),
    "local by word": Visible({"visibility": "local"}, "public", True),
}


async def test_a_post_goes_to_whom_it_was_written(alice: ApiClient) -> None:
    for name, case in VISIBLE.items():
        post = await alice.write("Hello", **case.asked)
        check(post, shapes.STATUS, name)
        assert (post["visibility"], post["local_only"]) == (case.visibility, case.local_only), name
        assert await alice.get(f"{POSTS}/{post['id']}") == post, name


async def test_a_post_carries_what_was_said_with_it(alice: ApiClient, bob: ApiClient) -> None:
    post = await alice.write(
        "Hello @bob, see #Garten", spoiler_text="Long", language="de", sensitive=False, visibility="unlisted"
    )
    check(post, shapes.STATUS)
    assert post["spoiler_text"] == "Long"
    assert post["sensitive"] is True  # a heads-up always covers
    assert post["language"] == "de"
    assert [one["acct"] for one in post["mentions"]] == ["bob"]
    assert post["tags"] == [{"name": "garten", "url": f"{alice.origin}/tags/garten"}]
    answer = await bob.write("Welcome", in_reply_to_id=post["id"])
    assert (answer["in_reply_to_id"], answer["in_reply_to_account_id"]) == (post["id"], alice.id)
    around = await alice.get(f"{POSTS}/{post['id']}/context")
    check(around, {"ancestors": shapes.ListOf(shapes.STATUS), "descendants": shapes.ListOf(shapes.STATUS)})
    assert [one["id"] for one in around["descendants"]] == [answer["id"]]


async def test_json_form_and_query_are_read_alike(alice: ApiClient) -> None:
    by_json = await alice.ok("POST", POSTS, json={"status": "one", "sensitive": True})
    by_form = await alice.ok("POST", POSTS, data={"status": "one", "sensitive": "true"})
    by_query = await alice.ok("POST", POSTS, params={"status": "one", "sensitive": "1"})
    texts = {(one["content"], one["sensitive"]) for one in (by_json, by_form, by_query)}
    assert len(texts) == 1


async def test_the_same_idempotency_key_gives_the_same_post(alice: ApiClient, bob: ApiClient) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await alice.ok("POST", POSTS, json={"status": "Hello"}, headers=headers)
    again = await alice.ok("POST", POSTS, json={"status": "Hello"}, headers=headers)
    others = await bob.ok("POST", POSTS, json={"status": "Hello"}, headers=headers)
    assert first["id"] == again["id"] != others["id"]


async def test_six_requests_at_once_under_one_key_write_one_post(alice: ApiClient) -> None:
    sent = [
        alice.ok("POST", POSTS, json={"status": "Hello"}, headers={"Idempotency-Key": "once"})
        for _ in range(6)
    ]
    assert len({post["id"] for post in await asyncio.gather(*sent)}) == 1
    assert len(await alice.get(f"/api/v1/accounts/{alice.id}/statuses")) == 1


async def test_marks_set_many_times_at_once_count_once(alice: ApiClient, bob: ApiClient) -> None:
    post = await alice.write("Bread at noon")
    for word in ("favourite", "reblog", "bookmark"):
        await asyncio.gather(*(bob.post(f"{POSTS}/{post['id']}/{word}") for _ in range(5)))
    seen = await alice.get(f"{POSTS}/{post['id']}")
    assert (seen["favourites_count"], seen["reblogs_count"]) == (1, 1)
    gone = await asyncio.gather(*(alice.call("DELETE", f"{POSTS}/{post['id']}") for _ in range(4)))
    assert {answer.status for answer in gone} <= {200, 404}


class Refused(msgspec.Struct, frozen=True):
    """A body that is refused, with Mastodon's status and words."""

    sent: dict[str, Any]
    status: int
    words: str


REFUSED = {
    "nothing": Refused({}, 422, "Validation failed: Text can't be blank"),
    "only spaces": Refused({"status": "  \n"}, 422, "Validation failed: Text can't be blank"),
    "too long": Refused({"status": "x" * 5001}, 422, "longer"),
    "unknown visibility": Refused({"status": "x", "visibility": "friends"}, 422, "not included in the list"),
    "scheduled": Refused(
        {"status": "x", "scheduled_at": "2030-01-01T00:00:00Z"}, 422, "Scheduled at is not supported"
    ),
    "a poll of one": Refused(
        {"status": "x", "poll": {"options": ["a", " "], "expires_in": 300}},
        422,
        "Validation failed: Poll options must have more than one item",
    ),
    "a poll of nine": Refused(
        {"status": "x", "poll": {"options": list("abcdefghi"), "expires_in": 300}},
        422,
        "Validation failed: Poll options can't contain more than 8 items",
    ),
    "a poll with the same twice": Refused(
        {"status": "x", "poll": {"options": ["Ja", "ja "], "expires_in": 300}},
        422,
        "Validation failed: Poll options contain duplicate items",
    ),
    "a poll with a long answer": Refused(
        {"status": "x", "poll": {"options": ["a" * 101, "b"], "expires_in": 300}},
        422,
        "Validation failed: Poll options cannot be longer than 100 characters each",
    ),
    "a poll for a moment": Refused(
        {"status": "x", "poll": {"options": ["a", "b"], "expires_in": 299}},
        422,
        "Validation failed: Poll expires at is too soon",
    ),
    "a poll for ever": Refused(
        {"status": "x", "poll": {"options": ["a", "b"], "expires_in": 2_629_747}},
        422,
        "Validation failed: Poll expires at is too far into the future",
    ),
    "a poll without an end": Refused(
        {"status": "x", "poll": {"options": ["a", "b"]}}, 422, "Poll expires at is too soon"
    ),
    "a poll without words": Refused(
        {"poll": {"options": ["a", "b"], "expires_in": 300}}, 422, "Validation failed: Text can't be blank"
    ),
    "a list for a text": Refused({"status": ["x"]}, 422, "status is not a text"),
    "answer to nothing": Refused({"status": "x", "in_reply_to_id": "1"}, 404, "does not appear to exist"),
    "an id that is none": Refused(
        {"status": "x", "in_reply_to_id": "abc"}, 400, "in_reply_to_id is not a number"
    ),
    "a file of nobody": Refused({"status": "x", "media_ids": ["12"]}, 404, "Record not found"),
    "a zero byte": Refused({"status": "a\0b"}, 400, "Error occurred while parsing request parameters"),
}


async def test_a_post_that_cannot_be_is_refused_in_words(alice: ApiClient) -> None:
    for name, case in REFUSED.items():
        answer = await alice.call("POST", POSTS, json=case.sent)
        assert (answer.status, case.words in answer.body["error"]) == (case.status, True), (name, answer.body)
    assert await alice.get(f"/api/v1/accounts/{alice.id}/statuses") == []


MALFORMED = {
    "half": b'{"status": "x"',
    "a list": b'["x"]',
    "twice": b'{"status": "a", "status": "b"}',
    "deep": b'{"status":' * 200 + b"1" + b"}" * 200,
    "not utf-8": b'{"status": "\xff"}',
    "lone surrogate": b'{"status": "\\ud800"}',
}


async def test_a_body_that_is_no_json_is_400(alice: ApiClient) -> None:
    for name, body in MALFORMED.items():
        answer = await alice.call("POST", POSTS, data=body, headers={"Content-Type": "application/json"})
        assert (answer.status, list(answer.body)) == (400, ["error"]), name


async def test_another_kind_of_body_is_415(alice: ApiClient) -> None:
    answer = await alice.call("POST", POSTS, data=b"<status/>", headers={"Content-Type": "text/xml"})
    assert (answer.status, answer.body) == (415, {"error": "Unsupported media type"})


async def test_an_edit_keeps_what_was_not_sent_and_its_history(alice: ApiClient) -> None:
    post = await alice.write("First", spoiler_text="About", language="en")
    edited = await alice.ok("PUT", f"{POSTS}/{post['id']}", json={"status": "Second"})
    check(edited, shapes.STATUS)
    assert "Second" in edited["content"]
    assert (edited["spoiler_text"], edited["language"]) == ("About", "en")
    assert edited["edited_at"] is not None
    history = await alice.get(f"{POSTS}/{post['id']}/history")
    check(history, shapes.ListOf(shapes.EDIT))
    assert ["First" in history[0]["content"], "Second" in history[-1]["content"]] == [True, True]
    source = await alice.get(f"{POSTS}/{post['id']}/source")
    assert source == {"id": post["id"], "text": "Second", "spoiler_text": "About"}


async def test_a_deleted_post_comes_back_as_typed_and_is_gone(alice: ApiClient) -> None:
    post = await alice.write("Never mind #this")
    deleted = await alice.ok("DELETE", f"{POSTS}/{post['id']}")
    check(deleted, shapes.DELETED)
    assert deleted["text"] == "Never mind #this"
    answer = await alice.call("GET", f"{POSTS}/{post['id']}")
    assert (answer.status, answer.body) == (404, {"error": "Record not found"})


async def test_marks_are_set_and_taken_back(alice: ApiClient, bob: ApiClient) -> None:
    post = await alice.write("Bread at noon")
    for word, back, key in (
        ("favourite", "unfavourite", "favourited"),
        ("bookmark", "unbookmark", "bookmarked"),
    ):
        marked = await bob.post(f"{POSTS}/{post['id']}/{word}")
        check(marked, shapes.STATUS)
        assert marked[key] is True
        assert (await bob.post(f"{POSTS}/{post['id']}/{word}"))[key] is True  # twice is once
        assert (await bob.post(f"{POSTS}/{post['id']}/{back}"))[key] is False


async def test_a_boost_is_a_status_of_its_own(alice: ApiClient, bob: ApiClient) -> None:
    post = await alice.write("Bread at noon")
    boost = await bob.post(f"{POSTS}/{post['id']}/reblog")
    check(boost, shapes.BOOST)
    assert boost["id"] != post["id"]
    assert (boost["account"]["id"], boost["reblog"]["id"]) == (bob.id, post["id"])
    assert boost["reblog"]["reblogged"] is True
    assert (await alice.get(f"{POSTS}/{boost['id']}"))["reblog"]["id"] == post["id"]
    liked = await alice.post(f"{POSTS}/{boost['id']}/favourite")  # the boost's id means the post
    assert (liked["id"], liked["favourited"]) == (post["id"], True)
    undone = await bob.post(f"{POSTS}/{boost['id']}/unreblog")
    assert (undone["id"], undone["reblogged"], undone["reblogs_count"]) == (post["id"], False, 0)
    assert (await alice.call("GET", f"{POSTS}/{boost['id']}")).status == 404


async def test_who_liked_and_who_boosted_is_listed(alice: ApiClient, bob: ApiClient) -> None:
    post = await alice.write("Bread at noon")
    await bob.post(f"{POSTS}/{post['id']}/favourite")
    await bob.post(f"{POSTS}/{post['id']}/reblog")
    for word in ("favourited_by", "reblogged_by"):
        people = await alice.get(f"{POSTS}/{post['id']}/{word}")
        check(people, shapes.ListOf(shapes.ACCOUNT))
        assert [one["id"] for one in people] == [bob.id]


async def test_one_may_pin_what_one_wrote_for_everyone(alice: ApiClient, bob: ApiClient) -> None:
    post = await alice.write("Who we are")
    quiet = await alice.write("Not for all", visibility="private")
    pinned = await alice.post(f"{POSTS}/{post['id']}/pin")
    check(pinned, shapes.STATUS)
    assert pinned["pinned"] is True
    listed = await bob.get(f"/api/v1/accounts/{alice.id}/statuses", pinned="true")
    assert [one["id"] for one in listed] == [post["id"]]
    assert (await bob.call("POST", f"{POSTS}/{post['id']}/pin")).status == 422
    assert (await alice.call("POST", f"{POSTS}/{quiet['id']}/pin")).status == 422
    assert (await alice.post(f"{POSTS}/{post['id']}/unpin"))["pinned"] is False


async def test_what_was_not_written_for_everyone_is_not_passed_on(alice: ApiClient, bob: ApiClient) -> None:
    await bob.post(f"/api/v1/accounts/{alice.id}/follow")
    post = await alice.write("For followers", visibility="private")
    answer = await bob.call("POST", f"{POSTS}/{post['id']}/reblog")
    assert (answer.status, answer.body) == (403, {"error": "This action is not allowed"})


async def test_a_hidden_post_is_404_on_every_path(
    alice: ApiClient, bob: ApiClient, anybody: ApiClient
) -> None:
    post = await alice.write("Only me", visibility="direct")
    paths = ("", "/context", "/history", "/source", "/favourited_by", "/reblogged_by")
    words = ("favourite", "unfavourite", "reblog", "unreblog", "bookmark", "pin", "unpin")
    asked = [("GET", path) for path in paths] + [("POST", f"/{word}") for word in words]
    asked += [("PUT", ""), ("DELETE", "")]
    for method, path in asked:
        answer = await bob.call(method, f"{POSTS}/{post['id']}{path}", json={"status": "x"})
        assert (answer.status, answer.body) == (404, {"error": "Record not found"}), (method, path)
    assert (await anybody.call("GET", f"{POSTS}/{post['id']}")).status == 404
    assert await bob.get(POSTS, **{"id[]": post["id"]}) == []


async def test_somebody_elses_post_is_not_mine_to_change(alice: ApiClient, bob: ApiClient) -> None:
    """AUT-11"""
    post = await alice.write("Mine")
    for method, path in (("PUT", ""), ("DELETE", ""), ("GET", "/source")):
        answer = await bob.call(method, f"{POSTS}/{post['id']}{path}", json={"status": "x"})
        assert answer.status == 404
    assert "Mine" in (await bob.get(f"{POSTS}/{post['id']}"))["content"]


async def test_anybody_sees_public_posts_without_marks(alice: ApiClient, anybody: ApiClient) -> None:
    post = await alice.write("For all")
    inside = await alice.write("For us", local_only=True)
    check(await anybody.get(f"{POSTS}/{post['id']}"), shapes.STATUS_FOR_ANYBODY)
    assert (await anybody.call("GET", f"{POSTS}/{inside['id']}")).status == 404


async def test_several_posts_come_in_the_order_asked_for(alice: ApiClient) -> None:
    ids = [(await alice.write(f"Number {number}"))["id"] for number in range(3)]
    wanted = [ids[2], "999", ids[0]]
    found = await alice.ok("GET", POSTS, params=[("id[]", one) for one in wanted])
    check(found, shapes.ListOf(shapes.STATUS))
    assert [one["id"] for one in found] == [ids[2], ids[0]]


async def test_an_id_that_cannot_be_is_404(alice: ApiClient) -> None:
    for bad in ("abc", "1e3", "-1", "9" * 30, "١٢"):
        answer = await alice.call("GET", f"{POSTS}/{bad}")
        assert (answer.status, answer.body) == (404, {"error": "Record not found"}), bad


async def test_the_program_a_post_was_written_with_is_named_to_all(
    clients: Clients, alice: ApiClient
) -> None:
    post = await alice.write("By the command line's token")
    assert post["application"] is None
