"""Quotes between two real nodes: asked for, agreed to, shown, taken back."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from node.db.rows import Window
from node.errors import NodeError
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.posts import service as posts
from node.features.posts import views
from node.features.posts.service import Draft
from node.features.posts.store import writes
from node.features.posts.views import PostView
from node.features.quotes import service
from node.features.reading import store as reading
from tests.node.wire.strangers import get_activity
from tests.rig import Rig, RigNode


class Pair(msgspec.Struct, kw_only=True):
    """Amina of Lindenhof follows Olena of Lernwerk, and the other way round."""

    rig: Rig
    here: RigNode
    there: RigNode
    amina: Actor
    olena: Actor
    olena_here: Actor

    async def write(self, node: RigNode, author: Actor, source: str, **more: Any) -> str:
        """A post that has arrived everywhere; its ActivityPub id."""
        self.rig.clock.advance(minutes=1)
        async with node.db.tx() as tx:
            post_id = await posts.write_post(tx, node.node, author.id, Draft(source=source, **more))
            uri = (await writes.get_post(tx, post_id)).uri
        await self.rig.settle()
        return uri

    async def held(self, node: RigNode, uri: str, viewer_id: int | None = None) -> PostView:
        """A post as a node holds it."""
        async with node.db.read() as tx:
            row = await writes.find_by_uri(tx, uri)
            assert row is not None, f"{node.host} does not hold {uri}"
            return await views.get_post(tx, row.id, viewer_id)

    async def quote(self, quoted_uri: str, **more: Any) -> str:
        """Amina quotes what Olena wrote."""
        quoted = await self.held(self.here, quoted_uri, self.amina.id)
        return await self.write(self.here, self.amina, "Worth reading.", quoted_id=quoted.id, **more)


@pytest.fixture
async def pair(rig: Rig, lindenhof: RigNode, lernwerk: RigNode) -> Pair:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    olena_here = await lookup.resolve_handle(lindenhof.node, f"@olena@{lernwerk.host}")
    amina_there = await lookup.resolve_handle(lernwerk.node, f"@amina@{lindenhof.host}")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, olena_here.id)
    async with lernwerk.db.tx() as tx:
        await follows.follow(tx, lernwerk.node, olena.id, amina_there.id)
    await rig.settle()
    return Pair(rig=rig, here=lindenhof, there=lernwerk, amina=amina, olena=olena, olena_here=olena_here)


def state(post: PostView) -> str:
    return post.quote.shown_state if post.quote else "none"


async def told(node: RigNode, owner: Actor) -> list[str]:
    async with node.db.read() as tx:
        return [one.kind for one in await reading.list_notifications(tx, owner.id, Window())]


async def test_a_quote_is_asked_for_and_then_shown_on_both_sides(pair: Pair) -> None:
    quoted = await pair.write(pair.there, pair.olena, "The course is full.")
    uri = await pair.quote(quoted)
    for node in (pair.here, pair.there):
        shown = await pair.held(node, uri)
        assert state(shown) == "accepted"
        assert shown.quote is not None and shown.quote.post is not None
        assert shown.quote.post.uri == quoted
        assert (await pair.held(node, quoted)).quotes_count == 1
    assert "quote" in await told(pair.there, pair.olena)


async def test_the_leave_can_be_fetched_and_names_both_posts(pair: Pair) -> None:
    quoted = await pair.write(pair.there, pair.olena, "The course is full.")
    uri = await pair.quote(quoted)
    note = json.loads((await get_activity(pair.here, uri.removeprefix(pair.here.origin))).body)
    assert note["quote"] == note["quoteUrl"] == note["_misskey_quote"] == note["quoteUri"] == quoted
    path = note["quoteAuthorization"].removeprefix(pair.there.origin)
    leave = json.loads((await get_activity(pair.there, path)).body)
    assert leave["type"] == "QuoteAuthorization"
    assert (leave["interactingObject"], leave["interactionTarget"]) == (uri, quoted)
    assert leave["attributedTo"] == pair.olena.uri
    assert [tag["href"] for tag in note["tag"] if tag["type"] == "Link"] == [quoted]


async def test_who_wants_no_quotes_is_not_quoted(pair: Pair) -> None:
    quoted = await pair.write(pair.there, pair.olena, "Only here, please.", quote_policy="nobody")
    with pytest.raises(NodeError, match="not_allowed"):
        await pair.quote(quoted)


async def test_a_wish_against_the_rule_is_answered_with_no(pair: Pair) -> None:
    quoted = await pair.write(pair.there, pair.olena, "The course is full.")
    held = await pair.held(pair.there, quoted)
    async with pair.there.db.tx() as tx:  # the news of it has not reached us yet
        await tx.execute("UPDATE posts SET quote_policy = 'nobody' WHERE id = $1", held.id)
    uri = await pair.quote(quoted)
    assert state(await pair.held(pair.here, uri)) == "rejected"
    note = json.loads((await get_activity(pair.here, uri.removeprefix(pair.here.origin))).body)
    assert "quote" not in note and "quote-inline" not in note["content"]


async def test_followers_may_quote_where_the_rule_says_so(pair: Pair) -> None:
    quoted = await pair.write(pair.there, pair.olena, "For friends to pass on.", quote_policy="followers")
    held = await pair.held(pair.here, quoted, pair.amina.id)
    assert (held.quote_policy, held.in_quote_circle) == ("followers", True)
    assert state(await pair.held(pair.here, await pair.quote(quoted))) == "accepted"


async def test_leave_taken_back_hides_the_quote_everywhere(pair: Pair) -> None:
    quoted = await pair.write(pair.there, pair.olena, "The course is full.")
    uri = await pair.quote(quoted)
    mine, other = await pair.held(pair.there, quoted), await pair.held(pair.there, uri)
    assert other.quote is not None
    leave = other.quote.stamp_uri
    async with pair.there.db.tx() as tx:
        await service.take_back(tx, pair.there.node, pair.olena.id, mine.id, other.id)
    await pair.rig.settle()
    for node in (pair.here, pair.there):
        assert state(await pair.held(node, uri)) == "revoked"
    assert (await get_activity(pair.there, leave.removeprefix(pair.there.origin))).status == 410
    assert "quote" not in await told(pair.there, pair.olena)


async def test_only_who_is_quoted_can_take_leave_back(pair: Pair) -> None:
    quoted = await pair.write(pair.there, pair.olena, "The course is full.")
    uri = await pair.quote(quoted)
    mine, other = await pair.held(pair.there, quoted), await pair.held(pair.there, uri)
    stranger = await pair.there.person("stranger")
    async with pair.there.db.tx() as tx:
        for who, quoted_id, quoting_id in (
            (stranger.id, mine.id, other.id), (pair.olena.id, other.id, mine.id), (pair.olena.id, mine.id, mine.id),
        ):  # fmt: skip
            with pytest.raises(NodeError, match="not_found"):
                await service.take_back(tx, pair.there.node, who, quoted_id, quoting_id)


async def test_a_quoted_post_that_is_deleted_leaves_a_calm_gap(pair: Pair) -> None:
    quoted = await pair.write(pair.there, pair.olena, "The course is full.")
    uri = await pair.quote(quoted)
    held = await pair.held(pair.there, quoted)
    async with pair.there.db.tx() as tx:
        await posts.delete_post(tx, pair.there.node, pair.olena.id, held.id)
    await pair.rig.settle()
    assert state(await pair.held(pair.here, uri)) == "deleted"
    note = json.loads((await get_activity(pair.here, uri.removeprefix(pair.here.origin))).body)
    assert "quote" not in note


async def test_whom_one_has_blocked_or_muted_is_not_met_in_a_quote(pair: Pair) -> None:
    quoted = await pair.write(pair.there, pair.olena, "The course is full.")
    uri = await pair.quote(quoted)
    jonas = await pair.here.person("jonas")
    async with pair.here.db.tx() as tx:
        await follows.mute(tx, jonas.id, pair.olena_here.id)
    assert state(await pair.held(pair.here, uri, jonas.id)) == "muted_account"
    async with pair.here.db.tx() as tx:
        await follows.block(tx, pair.here.node, jonas.id, pair.olena_here.id)
    blocked = await pair.held(pair.here, uri, jonas.id)
    assert state(blocked) == "blocked_account"
    assert blocked.quote is not None and blocked.quote.post is None


async def test_quotes_stay_one_level_deep(pair: Pair) -> None:
    first = await pair.write(pair.there, pair.olena, "The course is full.")
    second = await pair.held(pair.here, await pair.quote(first), pair.amina.id)
    third = await pair.write(pair.here, pair.amina, "As I said.", quoted_id=second.id)
    shown = (await pair.held(pair.here, third)).quote
    assert shown is not None and shown.post is not None and shown.post.quote is not None
    assert shown.post.quote.post is None


async def test_a_quote_within_the_house_needs_no_letter(pair: Pair) -> None:
    jonas = await pair.here.person("jonas")
    quoted = await pair.write(pair.here, jonas, "Bread in the yard")
    uri = await pair.quote(quoted)
    shown = await pair.held(pair.there, uri)
    assert state(shown) == "accepted", "a third house checks our leave"
    assert "quote" in await told(pair.here, jonas)


async def test_what_few_may_read_is_quoted_by_its_author_alone_and_to_no_more_people(pair: Pair) -> None:
    uri = await pair.write(pair.here, pair.amina, "Among us", audience="followers")
    mine = await pair.held(pair.here, uri, pair.amina.id)
    assert mine.quote_policy == "nobody"
    again = await pair.write(pair.here, pair.amina, "Still so", quoted_id=mine.id, audience="public")
    assert (await pair.held(pair.here, again, pair.amina.id)).audience == "followers"
    theirs = await pair.held(pair.there, uri, pair.olena.id)
    with pytest.raises(NodeError, match="not_allowed"):
        await pair.write(pair.there, pair.olena, "Look", quoted_id=theirs.id)


async def test_an_edit_of_what_is_quoted_is_told_to_who_quotes_it(pair: Pair) -> None:
    quoted = await pair.write(pair.there, pair.olena, "The course is full.")
    await pair.quote(quoted)
    held = await pair.held(pair.there, quoted)
    pair.rig.clock.advance(minutes=5)
    async with pair.there.db.tx() as tx:
        await posts.edit_post(tx, pair.there.node, pair.olena.id, held.id, Draft(source="Two places left."))
    await pair.rig.settle()
    assert "quoted_update" in await told(pair.here, pair.amina)


async def test_the_rule_can_be_changed_later_and_reaches_others(pair: Pair) -> None:
    quoted = await pair.write(pair.there, pair.olena, "The course is full.")
    held = await pair.held(pair.there, quoted)
    async with pair.there.db.tx() as tx:
        await service.set_policy(tx, pair.there.node, pair.olena.id, held.id, "nobody")
    await pair.rig.settle()
    assert (await pair.held(pair.here, quoted)).quote_policy == "nobody"
