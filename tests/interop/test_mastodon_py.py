"""A real client library drives the node: Mastodon.py, from registering itself to deleting a post.

It decodes every answer into its own types and turns pages by our Link headers, so what it can do,
the programs people have can do.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import aiohttp
import pytest

from node.features.accounts import service as accounts
from node.web.sessions import cookie_name
from tests.node.features.media import samples
from tests.rig import Rig, RigNode

mastodon = pytest.importorskip("mastodon", reason="Mastodon.py is not installed (development lock)")
pytestmark = pytest.mark.interop

T = TypeVar("T")
SCOPES = ["read", "write", "follow", "push"]
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')
_CODE = re.compile(r">\s*([A-Za-z0-9_-]{40,})\s*<|value=\"([A-Za-z0-9_-]{40,})\"")


async def _do(call: Callable[..., T], *given: Any, **named: Any) -> T:
    """The library blocks, so it runs beside the node's loop."""
    return await asyncio.to_thread(call, *given, **named)


async def _consent(node: RigNode, actor_id: int, address: str) -> str:
    """What a person does in the browser: read, allow, copy the code."""
    async with node.db.tx() as tx:
        session = await accounts.open_session(tx, actor_id, "a browser")
    cookies = {cookie_name(node.node): session}
    async with aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(address) as response:
            page = await response.text()
            assert response.status == 200, page[:2000]
        fields = {html.unescape(name): html.unescape(value) for name, value in _HIDDEN.findall(page)}
        fields["decision"] = "allow"
        headers = {"Origin": node.origin}
        async with browser.post(f"{node.origin}/oauth/authorize", data=fields, headers=headers) as response:
            page = await response.text()
            assert response.status == 200, page[:2000]
    match = _CODE.search(page.split("<main", 1)[-1])
    assert match is not None, page
    return match[1] or match[2]


async def _log_in(node: RigNode, username: str) -> Any:
    """A client of somebody, got by the whole way a person goes."""
    actor = await node.person(username)
    client_id, secret = await _do(
        mastodon.Mastodon.create_app, "Test client", scopes=SCOPES, api_base_url=node.origin
    )
    client = await _do(mastodon.Mastodon, client_id, secret, api_base_url=node.origin)
    address = await _do(client.auth_request_url, scopes=SCOPES, allow_http=True)
    code = await _consent(node, actor.id, address)
    await _do(client.log_in, code=code, scopes=SCOPES, allow_http=True)
    return client


@pytest.fixture
async def alice(lindenhof: RigNode) -> Any:
    """Alice's client."""
    return await _log_in(lindenhof, "alice")


@pytest.fixture
async def bob(lindenhof: RigNode) -> Any:
    """Bob's client."""
    return await _log_in(lindenhof, "bob")


async def test_a_program_is_let_in_and_knows_where_it_is(alice: Any) -> None:
    me = await _do(alice.me)
    assert (me.username, me.acct) == ("alice", "alice")
    assert isinstance(me.created_at, datetime)
    first, second = await _do(alice.instance_v1), await _do(alice.instance_v2)
    assert first.title == second.title == "Lindenhof"
    assert await _do(alice.app_verify_credentials)
    await _do(alice.revoke_access_token, allow_http=True)
    with pytest.raises(mastodon.MastodonAPIError):
        await _do(alice.account_verify_credentials)


async def test_a_profile_is_changed(alice: Any) -> None:
    picture = samples.file_of(samples.noise(300, 300), "PNG")
    me = await _do(
        alice.account_update_credentials,
        display_name="Alice",
        note="Baker",
        avatar=picture,
        avatar_mime_type="image/png",
        locked=False,
        fields=[("Web", "https://alice.example")],
    )
    assert (me.display_name, me.fields[0].name) == ("Alice", "Web")
    assert "/media/files/" in me.avatar


async def test_a_post_lives_and_dies(alice: Any, bob: Any) -> None:
    picture = samples.file_of(samples.noise(300, 200), "PNG")
    media = await _do(
        alice.media_post, picture, mime_type="image/png", description="Noise", focus=(0.1, -0.1)
    )
    post = await _do(
        alice.status_post,
        "Hello @bob #Garten",
        media_ids=[media],
        visibility="public",
        spoiler_text="Plants",
        language="en",
        idempotency_key="one",
    )
    assert post.media_attachments[0].description == "Noise"
    assert post.mentions[0].acct == "bob"
    again = await _do(alice.status_post, "Hello @bob #Garten", idempotency_key="one")
    assert again.id == post.id
    answer = await _do(bob.status_reply, post, "Lovely")
    around = await _do(alice.status_context, post)
    assert [one.id for one in around.descendants] == [answer.id]
    assert (await _do(bob.status_favourite, post)).favourited
    boost = await _do(bob.status_reblog, post)
    assert boost.reblog.id == post.id
    assert (await _do(bob.status_bookmark, post)).bookmarked
    assert [one.id for one in await _do(bob.bookmarks)] == [post.id]
    assert [one.id for one in await _do(bob.favourites)] == [post.id]
    assert [one.acct for one in await _do(alice.status_favourited_by, post)] == ["bob"]
    assert [one.acct for one in await _do(alice.status_reblogged_by, post)] == ["bob"]
    assert not (await _do(bob.status_unreblog, post)).reblogged
    edited = await _do(alice.status_update, post, "Changed", spoiler_text="Plants")
    assert edited.edited_at is not None
    assert len(await _do(alice.status_history, post)) == 2
    assert (await _do(alice.status_source, post)).text == "Changed"
    assert (await _do(alice.status_pin, post)).pinned
    gone = await _do(alice.status_delete, post)
    assert gone.text == "Changed"
    with pytest.raises(mastodon.MastodonNotFoundError):
        await _do(alice.status, post)


async def test_people_relate(alice: Any, bob: Any) -> None:
    [me, you] = [await _do(alice.me), await _do(bob.me)]
    assert (await _do(alice.account_follow, you)).following
    assert (await _do(bob.account_relationships, [me]))[0].followed_by
    assert [one.acct for one in await _do(bob.account_followers, you)] == ["alice"]
    assert [one.acct for one in await _do(alice.account_following, me)] == ["bob"]
    assert (await _do(alice.account_mute, you, notifications=False, duration=864_000)).muting
    assert [one.acct for one in await _do(alice.mutes)] == ["bob"]
    assert not (await _do(alice.account_unmute, you)).muting
    assert (await _do(alice.account_block, you)).blocking
    assert [one.acct for one in await _do(alice.blocks)] == ["bob"]
    assert not (await _do(alice.account_unblock, you)).blocking
    await _do(bob.account_update_credentials, locked=True)
    assert (await _do(alice.account_follow, you)).requested
    assert [one.acct for one in await _do(bob.follow_requests)] == ["alice"]
    await _do(bob.follow_request_authorize, me)
    assert (await _do(alice.account_relationships, [you]))[0].following
    assert (await _do(alice.account_lookup, "bob")).id == you.id
    assert [one.acct for one in await _do(alice.account_search, "bob")] == ["bob"]


async def test_timelines_and_notifications_are_read_to_the_end(alice: Any, bob: Any, rig: Rig) -> None:
    you = await _do(bob.me)
    await _do(alice.account_follow, you)
    written = []
    for number in range(7):
        rig.clock.advance(seconds=1)
        written.append((await _do(bob.status_post, f"@alice number {number} #count")).id)
    newest = written[::-1]
    for read in (alice.timeline_home, alice.timeline_local, alice.timeline_public):
        page = await _do(read, limit=3)
        everything = await _do(alice.fetch_remaining, page)
        assert [one.id for one in everything] == newest
    assert [one.id for one in await _do(alice.timeline_hashtag, "count", limit=40)] == newest
    of_bob = await _do(alice.account_statuses, you, limit=4)
    older = await _do(alice.fetch_next, of_bob)
    assert [one.id for one in [*of_bob, *older]] == newest
    assert [one.id for one in await _do(alice.fetch_previous, older)] == newest[:4]
    told = await _do(alice.notifications, types=["mention"], limit=40)
    assert [one.status.id for one in told] == newest
    await _do(alice.notifications_dismiss, told[0])
    await _do(alice.notifications_clear)
    assert await _do(alice.notifications) == []
    marked = await _do(alice.markers_set, ["home"], [newest[0]])
    assert str(marked["home"].last_read_id) == str(newest[0])
    assert str((await _do(alice.markers_get, ["home"]))["home"].last_read_id) == str(newest[0])


async def test_somebody_elsewhere_is_met(alice: Any, lernwerk: RigNode, rig: Rig) -> None:
    tom = await _log_in(lernwerk, "tom")
    found = await _do(alice.search_v2, f"@tom@{lernwerk.host}", resolve=True)
    [person] = found.accounts
    await _do(alice.account_follow, person)
    await rig.settle()
    post = await _do(tom.status_post, "From the school", visibility="private")
    await rig.settle()
    [seen] = await _do(alice.timeline_home)
    assert (seen.uri, seen.visibility) == (post.uri, "private")
    await _do(alice.status_favourite, seen)
    answer = await _do(alice.status_reply, seen, "Hello there")
    await rig.settle()
    assert {one.type for one in await _do(tom.notifications)} == {"follow", "favourite", "mention"}
    assert [one.uri for one in (await _do(tom.status_context, post)).descendants] == [answer.uri]


async def test_refusals_are_the_errors_the_library_knows(alice: Any) -> None:
    with pytest.raises(mastodon.MastodonNotFoundError):
        await _do(alice.status, 1)
    with pytest.raises(mastodon.MastodonAPIError, match="422"):
        await _do(alice.status_post, "")
    nobody = mastodon.Mastodon(access_token="x" * 43, api_base_url=alice.api_base_url)
    with pytest.raises(mastodon.MastodonUnauthorizedError):
        await _do(nobody.timeline_home)
    for ask in (alice.lists, alice.filters, alice.custom_emojis, alice.announcements, alice.trending_tags):
        assert list(await _do(ask)) == []
    assert (await _do(alice.preferences))["posting:default:visibility"] == "public"
