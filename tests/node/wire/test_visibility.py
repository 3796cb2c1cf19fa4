"""Who reads what: every audience, for every kind of reader, on every surface that shows posts.

One post per audience, each with a word of its own, a topic and a parent everybody can read; readers open
everything there is, and the words they find are compared with the table.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.follows import store as follow_store
from node.features.posts import service as posts
from node.features.posts.service import Draft
from tests.federation.peers import Peer
from tests.node.features.accounts.browser import Browser
from tests.node.features.api_client import ALL_SCOPES, ApiClient, Clients
from tests.node.wire.strangers import Stranger, get_activity, known_as
from tests.rig import Rig, RigNode

AUDIENCES = ("public", "unlisted", "followers", "direct", "local")
WORDS = {audience: f"wort-{audience}" for audience in AUDIENCES}
OPEN = {"public", "unlisted"}
MAY_READ = {
    "anybody": OPEN,
    "stranger": OPEN | {"local"},
    "follower": OPEN | {"local", "followers"},
    "mentioned": set(AUDIENCES),
    "blocked": set[str](),
    "author": set(AUDIENCES),
}
SIGNED = {
    "nobody": OPEN,
    "far": OPEN,
    "near": OPEN | {"followers"},
    "named": OPEN | {"followers", "direct"},
}


class Scene(msgspec.Struct):
    """The author, their posts, and everybody who looks."""

    node: RigNode
    author: Actor
    parent: int
    ids: dict[str, int]
    clients: dict[str, ApiClient]
    remote: dict[str, Stranger]


@pytest.fixture
async def scene(rig: Rig, lindenhof: RigNode, peers: list[Peer]) -> AsyncIterator[Scene]:
    node = lindenhof
    people = {
        name: await node.person(name) for name in ("author", "stranger", "follower", "mentioned", "blocked")
    }
    remote = {name: Stranger(peers[0], name) for name in ("far", "near", "named")}
    known = {name: await known_as(node, one) for name, one in remote.items()}
    author = people["author"]
    async with node.db.tx() as tx:
        await follows.follow(tx, node.node, people["follower"].id, author.id)
        near = follow_store.Follow(
            tx.new_id(), remote["near"].uri + "/f", known["near"].id, author.id, "accepted", True, False, tx.now,
            tx.now,
        )  # fmt: skip
        await follow_store.put_follow(tx, near)
        await follows.block(tx, node.node, author.id, people["blocked"].id)
        parent = await posts.write_post(tx, node.node, author.id, Draft(source="Anfang"))
    ids = {}
    for audience in AUDIENCES:
        rig.clock.advance(seconds=2)
        names = f"@mentioned @named@localhost:{peers[0].port}"
        text = f"{WORDS[audience]} {names} #thema"
        async with node.db.tx() as tx:
            draft = Draft(source=text, audience=audience, in_reply_to_id=parent)
            ids[audience] = await posts.write_post(tx, node.node, author.id, draft)
    async with Clients(node) as clients:
        tokens = {name: await clients.program_of(person, ALL_SCOPES) for name, person in people.items()}
        yield Scene(node, author, parent, ids, {"anybody": clients.anybody(), **tokens}, remote)


def words_in(body: object) -> set[str]:
    text = body.decode() if isinstance(body, bytes) else str(body)
    return {audience for audience, word in WORDS.items() if word in text}


@pytest.mark.parametrize("reader", list(MAY_READ))
async def test_acl_10_a_post_opens_for_its_readers_and_is_missing_for_others(
    scene: Scene, reader: str
) -> None:
    client, found = scene.clients[reader], set()
    missing = await client.call("GET", "/api/v1/statuses/77")
    for audience, post_id in scene.ids.items():
        for path in ("", "/context", "/source", "/history", "/favourited_by", "/reblogged_by"):
            answer = await client.call("GET", f"/api/v1/statuses/{post_id}{path}")
            if path == "" and answer.status == 200:
                found.add(audience)
            if audience not in MAY_READ[reader]:
                assert answer.status in (missing.status, 401), (audience, path)
                assert words_in(answer.body) == set()
                if answer.status == missing.status:
                    assert answer.body == missing.body
    assert found == MAY_READ[reader]


LISTS = (
    "/api/v1/statuses/{parent}/context",
    "/api/v1/statuses?id[]={direct}&id[]={followers}&id[]={local}&id[]={public}",
    "/api/v1/accounts/{author}/statuses",
    "/api/v1/accounts/{author}/statuses?exclude_replies=false&limit=40",
    "/api/v1/timelines/public",
    "/api/v1/timelines/public?local=true",
    "/api/v1/timelines/tag/thema",
    "/api/v1/timelines/home",
    "/api/v1/conversations",
    "/api/v1/notifications",
    "/api/v1/bookmarks",
    "/api/v1/favourites",
    "/api/v2/search?q=wort&type=statuses",
    "/api/v2/search?q=thema",
    *(f"/api/v2/search?resolve=true&q={{origin}}/ap/notes/{{{audience}}}" for audience in AUDIENCES),
)


def _path(scene: Scene, template: str) -> str:
    return template.format(
        parent=scene.parent,
        author=scene.author.id,
        origin=scene.node.origin,
        **scene.ids,
        id=scene.ids["direct"],
    )


@pytest.mark.parametrize("reader", list(MAY_READ))
async def test_no_list_of_the_api_shows_more_than_one_may_read(scene: Scene, reader: str) -> None:
    seen = set()
    for template in LISTS:
        answer = await scene.clients[reader].call("GET", _path(scene, template))
        assert answer.status < 500, template
        assert words_in(answer.body) <= MAY_READ[reader], template
        seen |= words_in(answer.body)
    assert seen == MAY_READ[reader]


PAGES = (
    "/", "/@author", "/@author/{parent}", "/tags/thema", "/house-news", "/world", "/messages", "/notifications",
    "/bookmarks", "/search?q=wort", "/search?q=thema", "/about", "/@author/{public}", "/@author/{unlisted}",
    "/@author/{followers}", "/@author/{direct}", "/@author/{local}", "/posts/{direct}/history",
    "/posts/{followers}/history", "/posts/{direct}/edit", "/posts/{followers}/delete",
    "/write?reply={direct}", "/write?in_reply_to={direct}", "/write?reply_to={followers}",
    "/search?q={origin}/ap/notes/{direct}", "/search?q={origin}/ap/notes/{followers}",
)  # fmt: skip


@pytest.mark.parametrize("reader", list(MAY_READ))
async def test_no_page_shows_more_than_one_may_read(scene: Scene, reader: str) -> None:
    seen = set()
    async with Browser(scene.node.origin) as browser:
        if reader != "anybody":
            await browser.sign_in(reader)
        for template in PAGES:
            await browser.get(_path(scene, template))
            assert browser.status < 500, template
            assert words_in(browser.body) <= MAY_READ[reader], template
            seen |= words_in(browser.body)
    assert seen == MAY_READ[reader]


@pytest.mark.parametrize("reader", list(SIGNED))
async def test_acl_01_another_node_reads_what_its_signer_may(scene: Scene, reader: str) -> None:
    signer = scene.remote[reader].signer if reader in scene.remote else None
    note, found = "/ap/notes/{}", set()
    missing = await get_activity(scene.node, note.format(77), signer)
    for audience, post_id in scene.ids.items():
        for more in ("", "/activity", "/replies", "/likes", "/shares"):
            answer = await get_activity(scene.node, note.format(post_id) + more, signer)
            if audience in SIGNED[reader]:
                assert answer.status == 200, (audience, more)
                found |= words_in(answer.body)
            else:
                assert (answer.status, answer.body) == (missing.status, missing.body), (audience, more)
    assert found == SIGNED[reader]


@pytest.mark.parametrize("reader", list(SIGNED))
async def test_acl_04_collections_hold_only_what_everybody_may_read(scene: Scene, reader: str) -> None:
    signer = scene.remote[reader].signer if reader in scene.remote else None
    me = scene.author.uri.removeprefix(scene.node.origin)
    closed = {"followers", "direct", "local"}
    for path in (
        f"{me}/outbox", f"{me}/outbox/page/0", f"{me}/featured", f"{me}/followers", f"{me}/following", me,
        f"{me}/inbox", f"/ap/notes/{scene.parent}/replies", f"/ap/notes/{scene.parent}", "/nodeinfo/2.1",
    ):  # fmt: skip
        answer = await get_activity(scene.node, path, signer)
        assert answer.status in (200, 404), path
        assert words_in(answer.body) <= OPEN, path
        named = {audience for audience in closed if str(scene.ids[audience]).encode() in answer.body}
        # What answers a post is listed for each who asks: the addresses of what that one may open.
        for_me = SIGNED[reader] if path.endswith("/replies") else set[str]()
        assert named == closed & for_me, path
        assert not named or "private" in answer.cache or "no-store" in answer.cache, path


async def test_del_07_a_deleted_post_is_gone_and_says_nothing_of_what_it_was(scene: Scene) -> None:
    node = scene.node
    for audience in ("public", "followers"):
        async with node.db.tx() as tx:
            await posts.delete_post(tx, node.node, scene.author.id, scene.ids[audience])
        answer = await get_activity(node, f"/ap/notes/{scene.ids[audience]}")
        assert answer.status == 410
        assert words_in(answer.body) == set() and b"Tombstone" in answer.body
        async with Browser(node.origin) as browser:
            await browser.get(f"/@author/{scene.ids[audience]}")
            assert browser.status in (404, 410) and words_in(browser.body) == set()
        api = await scene.clients["anybody"].call("GET", f"/api/v1/statuses/{scene.ids[audience]}")
        assert api.status == 404
