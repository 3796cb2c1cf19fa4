"""Our node and a Fedify server, both ways: what either says the other understands."""

import io
from typing import Any

import aiohttp
import pytest

from node.db.rows import Window
from node.features.actors import lookup
from node.features.actors import service as actors
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.follows import store as follow_store
from node.features.media import service as media
from node.features.posts import reactions, views
from node.features.posts import service as posts
from node.features.posts.service import Draft
from node.features.posts.store import writes
from node.features.posts.views import PostView
from node.features.reading import store as reading
from tests.interop.peer import FedifyPeer
from tests.node.features.media import samples
from tests.rig import Rig, RigNode

pytestmark = pytest.mark.interop


@pytest.fixture
async def anna(house: RigNode) -> Actor:
    return await house.person("anna")


async def know(house: RigNode, frieda: FedifyPeer) -> Actor:
    """Frieda as our node knows her; by address, because Fedify asks handles over https only."""
    return await lookup.resolve_uri(house.node, frieda.actor)


async def they_follow(rig: Rig, frieda: FedifyPeer, anna: Actor) -> str:
    sent = await frieda.order("follow", target=anna.uri)
    await rig.settle()
    assert (await frieda.state())["following"] == {anna.uri: "accepted"}
    return str(sent["activity"])


async def we_follow(rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor) -> Actor:
    person = await know(house, frieda)
    async with house.db.tx() as tx:
        await follows.follow(tx, house.node, anna.id, person.id)
    await rig.settle()
    async with house.db.read() as tx:
        found = await follow_store.find_follow(tx, anna.id, person.id)
    assert found is not None
    assert found.state == "accepted"
    assert (await frieda.state())["followers"] == [anna.uri]
    return person


async def write(rig: Rig, house: RigNode, author: Actor, draft: Draft) -> PostView:
    await posts.meet_mentioned(house.node, draft.source)
    async with house.db.tx() as tx:
        post_id = await posts.write_post(tx, house.node, author.id, draft)
    await rig.settle()
    async with house.db.read() as tx:
        return await views.get_post(tx, post_id, author.id)


async def home_of(house: RigNode, owner: Actor) -> list[PostView]:
    async with house.db.read() as tx:
        entries = await reading.list_home(tx, owner.id, Window())
        return await views.list_posts(tx, [entry.post_id for entry in entries], owner.id)


async def find(house: RigNode, uri: str, viewer: Actor) -> PostView | None:
    async with house.db.read() as tx:
        row = await writes.find_by_uri(tx, uri)
        found = await views.list_posts(tx, [row.id], viewer.id) if row else []
    return found[0] if found else None


async def inbox_states(house: RigNode) -> set[tuple[str, str]]:
    async with house.db.read() as tx:
        return {(row["state"], row["code"]) for row in await tx.fetch("SELECT state, code FROM inbox_items")}


def only(found: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(found) == 1
    return found[0]


# ── following ─────────────────────────────────────────────────────────────────


async def test_a_fedify_person_follows_ours_and_is_accepted(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    await they_follow(rig, frieda, anna)
    person = await know(house, frieda)
    async with house.db.read() as tx:
        followers = await follow_store.list_followers(tx, anna.id, Window())
    assert [one.actor_id for one in followers] == [person.id]
    assert (person.username, person.display_name, person.kind) == ("frieda", "Frieda Fedify", "Person")


async def test_a_fedify_person_takes_a_follow_back(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    follow = await they_follow(rig, frieda, anna)
    await frieda.order("undo", activity=follow)
    await rig.settle()
    async with house.db.read() as tx:
        assert await follow_store.list_followers(tx, anna.id, Window()) == []


async def test_ours_follows_a_fedify_person_and_takes_it_back(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    person = await we_follow(rig, house, frieda, anna)
    async with house.db.tx() as tx:
        await follows.unfollow(tx, house.node, anna.id, person.id)
    await rig.settle()
    assert (await frieda.state())["followers"] == []


@pytest.mark.parametrize(("accept", "ends"), [(True, "accepted"), (False, "refused")])
async def test_a_person_who_asks_first_answers_a_fedify_follow(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor, accept: bool, ends: str
) -> None:
    async with house.db.tx() as tx:
        await actors.update_profile(tx, house.node, anna.id, actors.ProfileChange(locked=True))
    await frieda.order("follow", target=anna.uri)
    await rig.settle()
    assert (await frieda.state())["following"] == {anna.uri: "asked"}
    person = await know(house, frieda)
    async with house.db.tx() as tx:
        await follows.answer_request(tx, house.node, anna.id, person.id, accept=accept)
    await rig.settle()
    assert (await frieda.state())["following"] == {anna.uri: ends}


async def test_a_changed_profile_reaches_a_fedify_follower(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    await they_follow(rig, frieda, anna)
    async with house.db.tx() as tx:
        await actors.update_profile(
            tx, house.node, anna.id, actors.ProfileChange(display_name="Anna of bed four")
        )
    await rig.settle()
    person = only(await frieda.received("Update"))["object"]
    assert (person["id"], person["name"]) == (anna.uri, "Anna of bed four")


# ── writing ───────────────────────────────────────────────────────────────────


async def test_our_post_reaches_a_fedify_follower(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    await they_follow(rig, frieda, anna)
    draft = Draft(source="The leeks are **in**.", warning="Vegetables", language="en")
    post = await write(rig, house, anna, draft)
    create = only(await frieda.received("Create"))
    note = create["object"]
    assert note["id"] == post.uri
    assert "<strong>in</strong>" in note["content"]
    assert (note["summary"], note["sensitive"]) == ("Vegetables", True)
    assert create["to"] == "as:Public"
    looked_up = (await frieda.order("lookup", url=post.uri))["document"]
    assert (looked_up["id"], looked_up["attributedTo"]) == (post.uri, anna.uri)


async def test_a_fedify_post_reaches_our_home_timeline(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    await we_follow(rig, house, frieda, anna)
    sent = await frieda.order("post", content="<p>Seeds <strong>to swap</strong></p>", warning="Seeds")
    await rig.settle()
    (post,) = await home_of(house, anna)
    assert (post.uri, post.html, post.audience) == (
        sent["note"],
        "<p>Seeds <strong>to swap</strong></p>",
        "public",
    )
    assert (post.warning, post.sensitive) == ("Seeds", True)
    assert await inbox_states(house) == {("done", "")}


async def test_pictures_go_both_ways(rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor) -> None:
    await they_follow(rig, frieda, anna)
    await we_follow(rig, house, frieda, anna)
    taken = await media.accept_upload(house.node, anna.id, io.BytesIO(samples.telling_jpeg()), "Leeks")
    await write(rig, house, anna, Draft(source="Look", media_ids=(taken.id,)))
    attached = only(await frieda.received("Create"))["object"]["attachment"]
    assert (attached["type"], attached["mediaType"], attached["name"]) == ("Document", "image/jpeg", "Leeks")
    await frieda.order("post", content="<p>Look</p>", pictures=[{"path": "/pixel.png", "alt": "Very small"}])
    await rig.settle()
    picture = (await home_of(house, anna))[0].media[0]
    assert (picture.kind, picture.alt, picture.remote_url) == (
        "image",
        "Very small",
        f"{frieda.origin}/pixel.png",
    )
    async with aiohttp.ClientSession() as visitor:
        for address in (attached["url"], house.origin + media.url_of(house.node, picture)):
            async with visitor.get(address) as answer:
                assert (answer.status, answer.content_type.partition("/")[0]) == (200, "image")


async def test_a_conversation_goes_both_ways(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    await they_follow(rig, frieda, anna)
    question = await write(rig, house, anna, Draft(source="Who has the fork?"))
    reply = await frieda.order("post", content="<p>I have.</p>", replyTo=question.uri, mention=[anna.uri])
    await rig.settle()
    answer = await find(house, reply["note"], anna)
    assert answer is not None
    assert answer.in_reply_to_id == question.id
    assert [one.uri for one in answer.mentions] == [anna.uri]
    async with house.db.read() as tx:
        told = await reading.list_notifications(tx, anna.id, Window(), kinds=["mention"])
    assert [one.post_id for one in told] == [answer.id]
    thanks = await write(rig, house, anna, Draft(source="Keep it.", in_reply_to_id=answer.id))
    arrived = [one["object"] for one in await frieda.received("Create")]
    assert [one["inReplyTo"] for one in arrived if one["id"] == thanks.uri] == [reply["note"]]


async def test_edits_and_deletions_go_both_ways(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    await they_follow(rig, frieda, anna)
    await we_follow(rig, house, frieda, anna)
    theirs = (await frieda.order("post", content="<p>Tuseday</p>"))["note"]
    ours = await write(rig, house, anna, Draft(source="Wensday"))
    await frieda.order("edit", note=theirs, content="<p>Tuesday</p>")
    async with house.db.tx() as tx:
        await posts.edit_post(tx, house.node, anna.id, ours.id, Draft(source="Wednesday"))
    await rig.settle()
    found = await find(house, theirs, anna)
    assert found is not None
    assert (found.html, found.edited_at is None) == ("<p>Tuesday</p>", False)
    assert "Wednesday" in only(await frieda.received("Update"))["object"]["content"]

    await frieda.order("delete", note=theirs)
    async with house.db.tx() as tx:
        await posts.delete_post(tx, house.node, anna.id, ours.id)
    await rig.settle()
    assert await find(house, theirs, anna) is None
    gone = only(await frieda.received("Delete"))["object"]
    assert (gone["id"] if isinstance(gone, dict) else gone) == ours.uri


# ── reacting ──────────────────────────────────────────────────────────────────


async def test_a_fedify_person_likes_and_boosts_ours_and_takes_it_back(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    post = await write(rig, house, anna, Draft(source="The leeks are in."))
    done = [
        (await frieda.order(order, object=post.uri, author=anna.uri))["activity"]
        for order in ("like", "announce")
    ]
    await rig.settle()
    found = await find(house, post.uri, anna)
    assert found is not None
    assert (found.likes_count, found.boosts_count) == (1, 1)
    async with house.db.read() as tx:
        told = await reading.list_notifications(tx, anna.id, Window())
    assert sorted(one.kind for one in told) == ["favourite", "reblog"]
    for activity in done:
        await frieda.order("undo", activity=activity)
    await rig.settle()
    found = await find(house, post.uri, anna)
    assert found is not None
    assert (found.likes_count, found.boosts_count) == (0, 0)
    assert await inbox_states(house) == {("done", "")}


async def test_ours_likes_and_boosts_a_fedify_post_and_takes_it_back(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    await they_follow(rig, frieda, anna)
    await we_follow(rig, house, frieda, anna)
    theirs = (await frieda.order("post", content="<p>Seeds</p>"))["note"]
    await rig.settle()
    post = await find(house, theirs, anna)
    assert post is not None
    for act in (reactions.like, reactions.boost, reactions.unlike, reactions.unboost):
        async with house.db.tx() as tx:
            await act(tx, house.node, anna.id, post.id)
        await rig.settle()
    assert only(await frieda.received("Like"))["object"] == theirs
    assert only(await frieda.received("Announce"))["object"] == theirs
    assert len(await frieda.received("Undo")) == 2


# ── who sees it ───────────────────────────────────────────────────────────────


async def test_a_post_for_followers_stays_with_followers(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    bruno = await house.person("bruno")
    await they_follow(rig, frieda, anna)
    await we_follow(rig, house, frieda, anna)
    ours = await write(rig, house, anna, Draft(source="Only for you.", audience="followers"))
    create = only(await frieda.received("Create"))
    assert create["to"] == anna.followers_uri
    assert "cc" not in create
    looked_up = (await frieda.order("lookup", url=ours.uri))["document"]
    assert looked_up["id"] == ours.uri

    theirs = (await frieda.order("post", content="<p>Only for you.</p>", audience="followers"))["note"]
    await rig.settle()
    found = await find(house, theirs, anna)
    assert found is not None
    assert found.audience == "followers"
    assert await find(house, theirs, bruno) is None


async def test_a_direct_message_reaches_whom_it_names(
    rig: Rig, house: RigNode, frieda: FedifyPeer, anna: Actor
) -> None:
    bruno = await house.person("bruno")
    theirs = (await frieda.order("post", content="<p>Psst.</p>", audience="direct", mention=[anna.uri]))[
        "note"
    ]
    await rig.settle()
    found = await find(house, theirs, anna)
    assert found is not None
    assert found.audience == "direct"
    assert await find(house, theirs, bruno) is None
    draft = Draft(
        source=f"@{found.author.username}@{found.author.host} yes?",
        audience="direct",
        in_reply_to_id=found.id,
    )
    ours = await write(rig, house, anna, draft)
    note = only(await frieda.received("Create"))["object"]
    assert (note["id"], note["to"]) == (ours.uri, frieda.actor)
