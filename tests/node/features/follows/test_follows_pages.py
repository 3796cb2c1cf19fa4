"""Following, answering and parting in a browser without scripts."""

import pytest

from node.features.actors import service as actors
from node.features.actors.service import ProfileChange
from node.features.follows import store
from tests.node.features.readers import follow, signed_in, write


@pytest.fixture
async def amina(lindenhof):
    """A member's browser."""
    async with signed_in(lindenhof, "amina") as browser:
        yield browser


async def standing(node, viewer, other):
    async with node.db.read() as tx:
        return (await store.list_relationships(tx, viewer.id, [other.id]))[0]


async def test_following_and_stopping_leads_back_to_where_one_was(lindenhof, amina):
    jonas = await lindenhof.person("jonas")
    await amina.get("/@jonas")
    await amina.post(f"/people/{jonas.id}/follow")
    assert (amina.status, amina.location) == (303, "/@jonas")
    assert (await standing(lindenhof, amina.me, jonas)).following
    await amina.get("/@jonas")
    assert "Stop following" in amina.text
    await amina.post(f"/people/{jonas.id}/unfollow", next="/search?q=jonas")
    assert amina.location == "/search?q=jonas"
    assert not (await standing(lindenhof, amina.me, jonas)).following


async def test_whoever_asks_first_is_answered_on_the_requests_page(lindenhof, amina):
    async with lindenhof.db.tx() as tx:
        await actors.update_profile(tx, lindenhof.node, amina.me.id, ProfileChange(locked=True))
    jonas, olena = await lindenhof.person("jonas"), await lindenhof.person("olena")
    await follow(lindenhof, jonas, amina.me)
    await follow(lindenhof, olena, amina.me)
    await amina.get("/")
    assert "jonas would like to follow you" in amina.text
    await amina.get("/requests")
    await amina.post(f"/people/{jonas.id}/accept", next="/requests")
    await amina.post(f"/people/{olena.id}/refuse", next="/requests")
    await amina.get("/requests")
    assert "Nobody is waiting" in amina.text
    assert (await standing(lindenhof, amina.me, jonas)).followed_by
    assert not (await standing(lindenhof, amina.me, olena)).followed_by


async def test_blocking_asks_first_and_can_be_lifted_in_settings(lindenhof, amina):
    jonas = await lindenhof.person("jonas")
    await write(lindenhof, jonas, "Loud words")
    await amina.get(f"/people/{jonas.id}/block")
    assert "Block jonas?" in amina.text
    assert not (await standing(lindenhof, amina.me, jonas)).blocking
    await amina.post(f"/people/{jonas.id}/block")
    await amina.get("/house-news")
    assert "Loud words" not in amina.text
    await amina.get("/settings/hidden")
    assert "jonas" in amina.text
    await amina.post(f"/people/{jonas.id}/unblock", next="/settings/hidden")
    assert not (await standing(lindenhof, amina.me, jonas)).blocking


async def test_seeing_less_of_somebody_asks_first_and_works(lindenhof, amina):
    jonas = await lindenhof.person("jonas")
    await write(lindenhof, jonas, "Many words")
    await amina.get(f"/people/{jonas.id}/mute")
    await amina.post(f"/people/{jonas.id}/mute")
    await amina.get("/house-news")
    assert "Many words" not in amina.text
    await amina.get("/@jonas")
    assert "You see less of this person" in amina.text


async def test_one_is_led_back_to_where_one_came_from_but_never_to_the_question(lindenhof, amina):
    jonas = await lindenhof.person("jonas")
    await amina.get("/@jonas")
    for came_from, leads_to in (
        (f"{lindenhof.origin}/search?q=jonas", "/search?q=jonas"),
        (f"{lindenhof.origin}/people/{jonas.id}/mute", "/@jonas"),
        ("https://evil.test/search", "/@jonas"),
        (f"{lindenhof.origin}.evil.test/", "/@jonas"),
    ):
        answer = await amina.session.post(
            f"/people/{jonas.id}/mute",
            data={"csrf": amina.token},
            headers={"Origin": lindenhof.origin, "Referer": came_from},
            allow_redirects=False,
        )
        assert (answer.status, answer.headers["Location"]) == (303, leads_to)


async def test_who_follows_whom_is_shown_to_the_person_alone(lindenhof, amina):
    jonas = await lindenhof.person("jonas")
    await follow(lindenhof, jonas, amina.me)
    await amina.get("/@amina/followers")
    assert "jonas" in amina.text
    await amina.get("/@jonas/following")
    assert amina.status == 404
    await amina.get("/@amina/followers")
    await amina.post(f"/people/{jonas.id}/remove", next="/@amina/followers")
    assert not (await standing(lindenhof, amina.me, jonas)).followed_by


async def test_nobody_follows_themselves_or_somebody_who_is_not_there(amina):
    await amina.get("/")
    await amina.post(f"/people/{amina.me.id}/follow")
    assert amina.status == 422
    await amina.post("/people/12345/follow")
    assert amina.status == 404
    await amina.post("/people/99999999999999999999/follow")
    assert amina.status == 404


async def test_me_leads_to_ones_own_page(amina):
    await amina.get("/me")
    assert amina.location == "/@amina"
