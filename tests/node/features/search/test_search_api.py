"""Searching through the client API, here and at another node."""

from tests.node.features import api_client as shapes
from tests.node.features.api_client import ApiClient, Clients, ListOf, Url, check
from tests.rig import Rig, RigNode

FIND = "/api/v2/search"
TAG = {"name": str, "url": Url, "history": ListOf(dict), "following": shapes.Opt(bool)}
FOUND = {"accounts": ListOf(shapes.ACCOUNT), "statuses": ListOf(shapes.STATUS), "hashtags": ListOf(TAG)}


async def test_people_posts_and_topics_are_found_here(alice: ApiClient, bob: ApiClient) -> None:
    post = await alice.write("Soup for all #Suppe")
    by_name = await bob.get(FIND, q="ali")
    check(by_name, FOUND)
    assert [one["id"] for one in by_name["accounts"]] == [alice.id]
    assert [one["id"] for one in (await bob.get(FIND, q="@alice"))["accounts"]] == [alice.id]
    topics = await bob.get(FIND, q="#sup")
    check(topics, FOUND)
    assert [one["name"] for one in topics["hashtags"]] == ["suppe"]
    for address in (post["uri"], post["url"]):
        found = await bob.get(FIND, q=address)
        check(found, FOUND)
        assert [one["id"] for one in found["statuses"]] == [post["id"]]
    only = await bob.get(FIND, q="#sup", type="accounts")
    assert (only["accounts"], only["hashtags"]) == ([], [])


async def test_a_hidden_post_is_not_found_by_its_address(alice: ApiClient, bob: ApiClient) -> None:
    """ACL-07"""
    post = await alice.write("Only me #psst", visibility="direct")
    for query in (post["uri"], post["url"], "#psst"):
        found = await bob.get(FIND, q=query)
        assert (found["statuses"], found["hashtags"]) == ([], [])


async def test_somebody_elsewhere_is_found_when_asked_to_look(
    alice: ApiClient, lernwerk: RigNode, rig: Rig
) -> None:
    there = await lernwerk.person("tom")
    async with Clients(lernwerk) as programs:
        post = await (await programs.program_of(there, shapes.ALL_SCOPES)).write("From the school")
    handle = f"@tom@{lernwerk.host}"
    assert (await alice.get(FIND, q=handle))["accounts"] == []
    found = await alice.get(FIND, q=handle, resolve="true")
    check(found, FOUND)
    [tom] = found["accounts"]
    assert (tom["acct"], tom["uri"]) == (f"tom@{lernwerk.host}", there.uri)
    found = await alice.get(FIND, q=post["uri"], resolve="true", type="statuses")
    check(found, FOUND)
    assert [one["content"] for one in found["statuses"]] == [post["content"]]
    standing = await alice.post(f"/api/v1/accounts/{tom['id']}/follow")
    assert (standing["requested"], standing["following"]) == (True, False)
    await rig.settle()
    [standing] = await alice.ok("GET", "/api/v1/accounts/relationships", params={"id[]": tom["id"]})
    assert (standing["requested"], standing["following"]) == (False, True)


async def test_people_alone_are_searched_too(alice: ApiClient, bob: ApiClient) -> None:
    path = "/api/v1/accounts/search"
    found = await alice.get(path, q="bo")
    check(found, ListOf(shapes.ACCOUNT))
    assert [one["id"] for one in found] == [bob.id]
    assert await alice.get(path, q="bo", following="true") == []
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    assert len(await alice.get(path, q="bo", following="true")) == 1
    assert await alice.get(path, q="") == []
    assert await alice.get(path, q="bo", offset="1") == []


REFUSED = {
    "nothing to look for": ({"q": " "}, True, 400),
    "an unknown kind": ({"q": "x", "type": "events"}, True, 400),
    "looking elsewhere as anybody": ({"q": "x", "resolve": "true"}, False, 401),
    "turning pages as anybody": ({"q": "x", "offset": "20"}, False, 401),
}


async def test_a_search_that_cannot_be_is_refused(alice: ApiClient, anybody: ApiClient) -> None:
    for name, (params, known, status) in REFUSED.items():
        answer = await (alice if known else anybody).call("GET", FIND, params=params)
        assert (answer.status, list(answer.body)) == (status, ["error"]), name


HARD = [
    "%",
    "_",
    "\\",
    "@",
    "#",
    "@@",
    "@a@b@c",
    "https://",
    "http://[",
    "x" * 5000,
    "@alice@",
    "' OR 1=1 --",
]


async def test_whatever_is_typed_is_answered(alice: ApiClient) -> None:
    for query in HARD:
        check(await alice.get(FIND, q=query), FOUND)
