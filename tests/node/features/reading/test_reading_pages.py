"""The start page, lists, profiles and news in a browser without scripts."""

import gzip
import re

import pytest

from node.features.actors import lookup
from node.features.actors import service as actors
from node.features.actors.service import Field, ProfileChange
from node.web.asked import PAGE
from tests.node.features.accounts.browser import Browser
from tests.node.features.readers import follow, signed_in, write


@pytest.fixture
async def amina(lindenhof):
    """A member's browser."""
    async with signed_in(lindenhof, "amina") as browser:
        yield browser


@pytest.fixture
async def visitor(lindenhof):
    """Somebody without an account."""
    async with Browser(lindenhof.origin) as browser:
        yield browser


def controls(page):
    """Everything there is to press on a page, closed menus left out."""
    page = re.sub(
        r"(<details(?![^>]*\bopen\b)[^>]*><summary.*?</summary>).*?</details>",
        r"\1</details>",
        page,
        flags=re.S,
    )
    return len(re.findall(r"<a\b[^>]*href|<button|<summary|<select|<textarea|<input(?![^>]*hidden)", page))


async def test_a_visitor_meets_the_house_and_its_latest_three_posts(rig, lindenhof, visitor):
    jonas = await lindenhof.person("jonas")
    for number in range(5):
        rig.clock.advance(minutes=1)
        await write(lindenhof, jonas, f"Post number {number}")
    await visitor.get("/")
    assert visitor.status == 200
    assert "Welcome to Lindenhof" in visitor.text
    assert "Post number 4" in visitor.text
    assert "Post number 1" not in visitor.text
    assert "Join in" in visitor.text
    assert controls(visitor.page) <= 40


async def test_a_new_member_is_told_where_to_begin(amina):
    await amina.get("/")
    assert re.search("(Good morning|Hello|Good evening), amina", amina.text)
    assert "you do not follow anybody yet" in amina.text


async def test_today_holds_what_needs_me_and_pages_backwards_to_an_end(rig, lindenhof, amina):
    jonas = await lindenhof.person("jonas")
    await follow(lindenhof, amina.me, jonas)
    for number in range(PAGE + 2):
        rig.clock.advance(minutes=1)
        await write(lindenhof, jonas, f"Post number {number}.")
    await write(lindenhof, jonas, "@amina can you hear me?")
    await amina.get("/")
    assert "jonas wrote to you" in amina.text
    assert "Post number 0." not in amina.text
    assert "That was everything" not in amina.text
    older = re.search(r'href="(/\?older=\d+)"', amina.page)
    await amina.get(older[1])
    assert "Post number 0." in amina.text
    assert "That was everything since" in amina.text
    assert "wrote to you" not in amina.text


async def test_a_full_page_of_posts_is_not_crowded(rig, lindenhof, amina):
    jonas = await lindenhof.person("jonas")
    await follow(lindenhof, amina.me, jonas)
    for number in range(PAGE + 1):
        rig.clock.advance(minutes=1)
        await write(lindenhof, jonas, f"@amina post {number}")
    for path in ("/", "/house-news", "/world", "/@jonas"):
        await amina.get(path)
        assert controls(amina.page) <= 60, path
        assert amina.page.count("<h1") == 1
        assert len(gzip.compress(amina.body)) <= 20 * 1024, path


async def test_news_are_new_once(lindenhof, amina):
    jonas = await lindenhof.person("jonas")
    await follow(lindenhof, jonas, amina.me)
    await amina.get("/notifications")
    assert "jonas follows you now." in amina.text
    assert "new" in amina.text
    await amina.get("/notifications")
    assert "jonas follows you now." in amina.text
    assert 'class="badge"' not in amina.page


async def test_messages_and_kept_posts_are_ones_own(lindenhof, amina, visitor):
    jonas = await lindenhof.person("jonas")
    await write(lindenhof, jonas, "@amina the key is under the stone", audience="direct")
    await amina.get("/messages")
    assert "under the stone" in amina.text
    async with signed_in(lindenhof, "olena") as olena:
        for path in ("/messages", "/bookmarks", "/", "/house-news", "/@jonas"):
            await olena.get(path)
            assert olena.status == 200
            assert "under the stone" not in olena.text
    for path in ("/messages", "/bookmarks", "/notifications", "/requests", "/me"):
        await visitor.get(path)
        assert visitor.location == f"/sign-in?next={path}"


async def test_the_house_reads_what_was_written_for_the_house(lindenhof, amina, visitor):
    jonas = await lindenhof.person("jonas")
    await write(lindenhof, jonas, "Only for us", audience="local")
    await amina.get("/house-news")
    assert "Only for us" in amina.text
    for path in ("/house-news", "/world", "/@jonas", "/"):
        await visitor.get(path)
        assert "Only for us" not in visitor.text


async def test_a_topic_has_a_page_whatever_its_capitals(lindenhof, visitor):
    jonas = await lindenhof.person("jonas")
    await write(lindenhof, jonas, "Smell the #BROT")
    await visitor.get("/tags/Brot")
    assert "Smell the" in visitor.text


async def test_a_profile_shows_what_somebody_says_of_themselves_and_no_scores(lindenhof, visitor):
    jonas = await lindenhof.person("jonas")
    change = ProfileChange(
        display_name="Jonas <b>Weber</b>",
        summary_source="Bread & bass",
        fields=(Field("Phone", "<i>12</i>"),),
    )
    async with lindenhof.db.tx() as tx:
        await actors.update_profile(tx, lindenhof.node, jonas.id, change)
    olena = await lindenhof.person("olena")
    await follow(lindenhof, olena, jonas)
    await visitor.get("/@jonas")
    assert "Jonas &lt;b&gt;Weber&lt;/b&gt;" in visitor.page
    assert "<i>12" not in visitor.page
    assert "Bread & bass" in visitor.text
    assert "Follow from my own house" in visitor.text
    assert not re.search(r"\d+ (followers|posts)", visitor.text)


async def test_programs_that_ask_for_the_actor_are_sent_to_it(lindenhof, visitor):
    jonas = await lindenhof.person("jonas")
    await visitor.get(
        "/@jonas", headers={"Accept": 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'}
    )
    assert (visitor.status, visitor.location) == (302, jonas.uri)


async def test_people_elsewhere_have_a_page_here_that_says_so(rig, lindenhof, lernwerk, amina):
    olena = await lernwerk.person("olena")
    known = await lookup.resolve_uri(lindenhof.node, olena.uri)
    await amina.get(f"/@{known.handle}")
    assert "You see what reached this house." in amina.text
    assert olena.url in amina.page
    await amina.post(f"/people/{known.id}/follow")
    assert amina.location == f"/@{known.handle}"
    await rig.settle()
    await write(lernwerk, olena, "Greetings from afar")
    await rig.settle()
    await amina.get("/")
    assert "Greetings from afar" in amina.text


async def test_members_are_led_to_look_for_whom_the_house_does_not_know(amina):
    await amina.get("/@nobody@nowhere.example")
    assert (amina.status, amina.location) == (303, "/search?q=@nobody@nowhere.example")
    await amina.get("/@nobody")
    assert amina.status == 404


async def test_unknown_people_are_not_there(visitor):
    for path in ("/@nobody", "/@nobody@nowhere.example", "/@", "/@a@b@c", "/@%00", "/@%ff", "/tags/%00"):
        await visitor.get(path)
        assert visitor.status == 404, path
