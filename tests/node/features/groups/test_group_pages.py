"""Groups in a browser without scripts: founding, joining from elsewhere, inviting, and running one."""

import re

import pytest

from node.features.actors import lookup
from node.features.posts import service
from node.features.posts.service import Draft
from tests.node.features.accounts.browser import Browser
from tests.node.features.readers import signed_in


@pytest.fixture
async def rosa(lindenhof):
    """Who founds groups."""
    async with signed_in(lindenhof, "rosa") as browser:
        yield browser


@pytest.fixture
async def jonas(lindenhof):
    """A neighbour."""
    async with signed_in(lindenhof, "jonas") as browser:
        yield browser


@pytest.fixture
async def olena(lernwerk):
    """Somebody of another house."""
    async with signed_in(lernwerk, "olena") as browser:
        yield browser


async def found(browser, username="werkstatt", **fields):
    """Found a group through the form; its number."""
    given = {"name": "Open Workshop", "openness": "open", "visibility": "public"} | fields
    await browser.get("/groups/new")
    await browser.post("/groups/new", username=username, **given)
    assert (browser.status, browser.location) == (303, f"/@{username}"), browser.text
    await browser.get("/groups")
    found = re.findall(rf'href="/@{username}"', browser.page)
    assert found, browser.text
    await browser.get(f"/@{username}")
    return int(re.search(r"/groups/(\d+)/mine", browser.page)[1])


async def test_a_group_is_founded_and_shows_itself_to_visitors(lindenhof, rosa):
    await found(rosa, rules="Be kind.\nTidy up.", topics="Bikes\nToasters", description="We mend things.")
    assert "Write here" in rosa.text
    async with Browser(lindenhof.origin) as visitor:
        await visitor.get("/@werkstatt")
        assert visitor.status == 200
        for words in (
            "Open Workshop",
            "We mend things.",
            "Tidy up.",
            "Bikes",
            "Join from my own house",
            "rosa",
        ):
            assert words in visitor.text
        await visitor.get("/groups?topic=bikes")
        assert "Open Workshop" in visitor.text
        await visitor.get("/groups?topic=cakes")
        assert "Open Workshop" not in visitor.text


async def test_what_was_typed_stays_when_the_address_is_taken(rosa):
    await found(rosa)
    await rosa.get("/groups/new")
    await rosa.post(
        "/groups/new", name="Another", username="werkstatt", openness="open", visibility="public",
        description="Typed with care.",
    )  # fmt: skip
    assert rosa.status == 422
    assert "Typed with care." in rosa.text
    assert 'aria-invalid="true"' in rosa.page


@pytest.mark.parametrize("visibility", ["private", "local"])
async def test_a_hidden_group_is_missing_for_who_may_not_know_of_it(lindenhof, rosa, jonas, visibility):
    group_id = await found(rosa, visibility=visibility)
    paths = ["/@werkstatt", *(f"/groups/{group_id}/{room}" for room in ("log", "feed"))]
    async with Browser(lindenhof.origin) as visitor:
        for path in paths:
            await visitor.get(path)
            assert visitor.status == 404, path
        await visitor.get("/groups")
        assert "Open Workshop" not in visitor.text
    await jonas.get("/@werkstatt")
    assert jonas.status == (200 if visibility == "local" else 404)
    if visibility == "private":
        for room in (
            "join",
            "invitation",
            "members",
            "requests",
            "settings",
            "mine",
            "invite",
            "leave",
            "end",
        ):
            await jonas.get(f"/groups/{group_id}/{room}")
            assert jonas.status == 404, room
        await jonas.get("/groups")
        assert "Open Workshop" not in jonas.text


async def test_who_asks_answers_the_question_and_is_let_in(rosa, jonas):
    group_id = await found(rosa, openness="moderated", question="What would you like to build?")
    await jonas.get(f"/groups/{group_id}/join")
    assert "What would you like to build?" in jonas.text
    await jonas.post(f"/groups/{group_id}/join")
    assert jonas.status == 422
    await jonas.post(f"/groups/{group_id}/join", answer="A boat.")
    await jonas.get("/@werkstatt")
    assert "Take my request back" in jonas.text
    await rosa.get("/notifications")
    assert re.search(r"jonas\s+would like to join\s+Open Workshop", rosa.text), rosa.text
    await rosa.get("/@werkstatt")
    assert "One person would like to join." in rosa.text
    await rosa.get(f"/groups/{group_id}/requests")
    assert "A boat." in rosa.text
    person = re.search(r"/requests/(\d+)/accept", rosa.page)[1]
    await rosa.post(f"/groups/{group_id}/requests/{person}/accept")
    await jonas.get("/@werkstatt")
    assert "Write here" in jonas.text
    await rosa.get(f"/groups/{group_id}/log")
    assert "rosa let jonas in." in rosa.text


async def test_a_request_can_be_taken_back(rosa, jonas):
    group_id = await found(rosa, openness="moderated")
    await jonas.get(f"/groups/{group_id}/join")
    await jonas.post(f"/groups/{group_id}/join")
    await jonas.get("/groups")
    assert "Where I asked to join" in jonas.text
    await jonas.post(f"/groups/{group_id}/leave")
    await jonas.get("/groups")
    assert "Where I asked to join" not in jonas.text


async def test_somebody_of_another_house_is_kept_out_and_may_come_back(rig, lindenhof, lernwerk, rosa, olena):
    group_id = await found(rosa)
    await lookup.resolve_handle(lernwerk.node, f"werkstatt@{lindenhof.node.handle_host}")
    await olena.get(f"/@werkstatt@{lindenhof.node.handle_host}")
    there = re.search(r'action="/groups/(\d+)/join"', olena.page)[1]
    await olena.post(f"/groups/{there}/join")
    await rig.settle()
    await olena.get("/groups")
    assert "My groups" in olena.text
    await rosa.get(f"/groups/{group_id}/members")
    person = re.search(r"members/(\d+)\"><span>Look after<span class=\"sr\"> olena", rosa.page)[1]
    await rosa.get(f"/groups/{group_id}/members/{person}")
    await rosa.post(f"/groups/{group_id}/members/{person}", what="ban", reason="Advertising.", days="7")
    assert rosa.location.endswith("?done=ban"), rosa.text
    await rig.settle()
    await olena.get("/groups")
    assert "My groups" not in olena.text
    await rosa.get(f"/groups/{group_id}/log")
    assert "rosa keeps olena out." in rosa.text
    entry = re.search(r"/log/(\d+)/undo", rosa.page)[1]
    await rosa.post(f"/groups/{group_id}/log/{entry}/undo")
    await rosa.get(f"/groups/{group_id}/log")
    assert "taken back" in rosa.text


async def test_a_neighbour_is_invited_and_says_no_and_then_yes(rosa, jonas):
    group_id = await found(rosa, visibility="private")
    for answer, state in (("decline", 404), ("accept", 200)):
        await rosa.get(f"/groups/{group_id}/invite")
        await rosa.post(f"/groups/{group_id}/invite", way="handle", handle="jonas")
        assert "jonas is invited." in rosa.text
        await jonas.get(f"/groups/{group_id}/invitation")
        assert "rosa would like to have you in this group." in jonas.text
        await jonas.post(f"/groups/{group_id}/invitation/{answer}")
        await jonas.get("/@werkstatt")
        assert jonas.status == state


async def test_an_open_group_is_joined_from_another_house(rig, lindenhof, lernwerk, rosa, olena):
    await found(rosa)
    await lookup.resolve_handle(lernwerk.node, f"werkstatt@{lindenhof.node.handle_host}")
    await olena.get(f"/@werkstatt@{lindenhof.node.handle_host}")
    there = re.search(r'action="/groups/(\d+)/join"', olena.page)[1]
    await olena.post(f"/groups/{there}/join")
    await rig.settle()
    await olena.get(f"/@werkstatt@{lindenhof.node.handle_host}")
    assert "I and this group" in olena.text
    await olena.post(f"/groups/{there}/mine", level="nothing")
    await olena.get(f"/groups/{there}/mine")
    assert re.search(r'value="nothing" checked', olena.page)
    await olena.post(f"/groups/{there}/leave")
    await rig.settle()
    await rosa.get("/@werkstatt")
    assert "1 member" in rosa.text


async def test_a_link_lets_in_as_many_as_it_says(lindenhof, rosa, jonas):
    group_id = await found(rosa, visibility="private", openness="invite_only")
    await rosa.get(f"/groups/{group_id}/invite")
    await rosa.post(f"/groups/{group_id}/invite", way="link", max_uses="1", days="3")
    path = re.search(r"/groups/join/[\w-]+", rosa.page)[0]
    async with Browser(lindenhof.origin) as visitor:
        await visitor.get(path)
        assert "you need an account in this house" in visitor.text
    await jonas.get(path)
    await jonas.post(path)
    assert jonas.location == "/@werkstatt"
    async with signed_in(lindenhof, "amina") as amina:
        await amina.get("/")
        await amina.post(path)
        assert amina.status == 410
        await amina.get("/@werkstatt")
        assert amina.status == 404


async def test_a_letter_carries_a_link_for_one_person(lindenhof, rosa):
    group_id = await found(rosa)
    await rosa.get(f"/groups/{group_id}/invite")
    await rosa.post(f"/groups/{group_id}/invite", way="mail", email="kim@post.example")
    assert "The letter is on its way." in rosa.text
    async with lindenhof.db.read() as tx:
        letters = [record["body_text"] for record in await tx.fetch("SELECT body_text FROM mails")]
    assert any("/groups/join/" in letter for letter in letters)


async def test_a_withdrawn_link_opens_nothing(rosa, jonas):
    group_id = await found(rosa)
    await rosa.get(f"/groups/{group_id}/invite")
    await rosa.post(f"/groups/{group_id}/invite", way="link", max_uses="5", days="3")
    path = re.search(r"/groups/join/[\w-]+", rosa.page)[0]
    link = re.search(r"/links/(\d+)/revoke", rosa.page)[1]
    await rosa.post(f"/groups/{group_id}/links/{link}/revoke")
    await jonas.get(path)
    assert jonas.status == 410


async def test_the_last_owner_is_told_why_they_cannot_leave(rosa):
    group_id = await found(rosa)
    await rosa.get(f"/groups/{group_id}/leave")
    await rosa.post(f"/groups/{group_id}/leave")
    assert rosa.status == 403
    assert "You are the group's last owner." in rosa.text


async def test_settings_are_changed_and_the_end_is_announced_and_taken_back(rosa):
    group_id = await found(rosa)
    await rosa.get(f"/groups/{group_id}/settings")
    await rosa.post(
        f"/groups/{group_id}/settings", name="Workshop", openness="moderated", visibility="unlisted",
        posting="moderators", newcomer_posts="2", slow_mode_s="300", log_visibility="public",
    )  # fmt: skip
    assert rosa.location == f"/groups/{group_id}/settings?done=1"
    await rosa.get("/@werkstatt")
    assert "Who wants to join asks first." in rosa.text
    await rosa.get(f"/groups/{group_id}/end")
    await rosa.post(f"/groups/{group_id}/end")
    await rosa.get("/@werkstatt")
    assert "This group ends on" in rosa.text
    await rosa.get(f"/groups/{group_id}/keep")
    await rosa.post(f"/groups/{group_id}/keep")
    await rosa.get("/@werkstatt")
    assert "This group ends on" not in rosa.text


async def test_a_member_may_not_run_the_group(rosa, jonas):
    group_id = await found(rosa)
    await jonas.get("/")
    await jonas.post(f"/groups/{group_id}/join")
    for room in ("settings", "requests", "end", "archive"):
        await jonas.get(f"/groups/{group_id}/{room}")
        assert jonas.status == 403, room
    await jonas.get("/")
    await jonas.post(f"/groups/{group_id}/members/{rosa.me.id}", what="ban", reason="No.", days="1")
    assert jonas.status == 403


@pytest.mark.parametrize("visibility", ["public", "private", "local"])
async def test_what_is_written_in_a_group_is_for_its_readers_alone(lindenhof, rosa, jonas, visibility):
    group_id = await found(rosa, visibility=visibility)
    await rosa.get(f"/write?group={group_id}")
    assert "In the group Open Workshop" in rosa.text
    await rosa.post("/write", source="The lathe runs again.", group=str(group_id), audience="public")
    assert rosa.status == 303, rosa.text
    await rosa.get("/@werkstatt")
    assert "The lathe runs again." in rosa.text
    await jonas.get(f"/write?group={group_id}")
    assert jonas.status == 404
    async with Browser(lindenhof.origin) as visitor:
        for path in ("/", "/house-news", "/@werkstatt", "/@rosa", f"/groups/{group_id}/feed"):
            await visitor.get(path)
            assert visibility == "public" or "The lathe runs again." not in visitor.text, path


async def _write(browser, group_id, words):
    """Write into the group; the number of the post."""
    await browser.get(f"/write?group={group_id}")
    await browser.post("/write", source=words, group=str(group_id), audience="public")
    assert browser.status == 303, browser.text
    return int(browser.location.rsplit("/", 1)[1].split("?")[0].split("#")[0])


async def test_what_a_newcomer_writes_first_waits_and_is_let_through(rosa, jonas):
    group_id = await found(rosa, newcomer_posts="2")
    await jonas.get("/")
    await jonas.post(f"/groups/{group_id}/join")
    first = await _write(jonas, group_id, "May I come in?")
    await jonas.get(f"/@jonas/{first}")
    assert "Waits until somebody who looks after the group has read it." in jonas.text
    await jonas.get(f"/groups/{group_id}/waiting")
    assert jonas.status == 403
    await rosa.get("/@werkstatt")
    assert "One post waits to be let through." in rosa.text
    assert "May I come in?" not in rosa.text
    await rosa.get(f"/groups/{group_id}/waiting")
    assert "May I come in?" in rosa.text
    await rosa.post(f"/groups/{group_id}/waiting/{first}", what="accept")
    assert rosa.location.endswith("?done=accept"), rosa.text
    await rosa.get("/@werkstatt")
    assert "May I come in?" in rosa.text
    second = await _write(jonas, group_id, "Buy my lamps.")
    await rosa.get(f"/groups/{group_id}/waiting")
    await rosa.post(f"/groups/{group_id}/waiting/{second}", what="refuse")
    assert rosa.status == 422
    assert "Please say why" in rosa.text
    await rosa.post(f"/groups/{group_id}/waiting/{second}", what="refuse", reason="Advertising.")
    await rosa.get(rosa.location)
    assert "Nothing is waiting." in rosa.text
    await rosa.get(f"/groups/{group_id}/log")
    assert "Advertising." in rosa.text


async def test_a_post_is_kept_at_the_top_closed_taken_out_and_put_back(lindenhof, rosa, jonas):
    group_id = await found(rosa)
    await jonas.get("/")
    await jonas.post(f"/groups/{group_id}/join")
    post_id = await _write(jonas, group_id, "The lathe runs again.")
    await jonas.get(f"/posts/{post_id}/group")
    assert jonas.status == 403
    await rosa.get(f"/@jonas/{post_id}")
    assert f"/posts/{post_id}/group" in rosa.page
    await rosa.get("/@werkstatt")
    assert f"/posts/{post_id}/group" in rosa.page
    page = f"/posts/{post_id}/group"
    await rosa.get(page)
    for what, shown in (
        ("pin", "It stands at the top of the group."),
        ("lock", "Closed: nobody can answer any more."),
        ("unlock", "Close the conversation"),
        ("unpin", "Keep it at the top"),
    ):
        await rosa.post(page, what=what)
        assert rosa.location == f"{page}?done=here", rosa.text
        await rosa.get(page)
        assert shown in rosa.text, what
    await rosa.post(page, what="remove_post")
    assert rosa.status == 422
    await rosa.post(page, what="remove_post", reason="Off the subject.")
    await rosa.get(page)
    assert "Taken out: only its author can read it." in rosa.text
    async with Browser(lindenhof.origin) as visitor:
        await visitor.get("/@werkstatt")
        assert "The lathe runs again." not in visitor.text
        await rosa.post(page, what="restore_post")
        await visitor.get("/@werkstatt")
        assert "The lathe runs again." in visitor.text


@pytest.mark.parametrize("what", ["remove", "ban"])
async def test_nobody_is_put_out_without_a_reason(rosa, jonas, what):
    group_id = await found(rosa)
    await jonas.get("/")
    await jonas.post(f"/groups/{group_id}/join")
    page = f"/groups/{group_id}/members/{jonas.me.id}"
    await rosa.get(page)
    await rosa.post(page, what=what, reason="  ", days="1")
    assert rosa.status == 422
    assert "Please say why" in rosa.text
    await rosa.post(page, what=what, reason="Advertising.", days="1")
    assert rosa.location.endswith(f"?done={what}"), rosa.text


@pytest.mark.parametrize(("level", "heard"), [("posts", True), ("mentions", True), ("nothing", False)])
async def test_who_wants_to_hear_nothing_of_a_group_hears_nothing(lindenhof, rosa, jonas, level, heard):
    group_id = await found(rosa)
    await jonas.get("/")
    await jonas.post(f"/groups/{group_id}/join")
    await jonas.get(f"/groups/{group_id}/mine")
    await jonas.post(f"/groups/{group_id}/mine", level=level)
    await _write(rosa, group_id, "@jonas the lathe runs again.")
    await jonas.get("/notifications")
    assert ("the lathe runs again." in jonas.text) is heard
    async with lindenhof.db.tx() as tx:
        other = Draft(source="@jonas outside of the group.")
        await service.write_post(tx, lindenhof.node, rosa.me.id, other)
    await jonas.get("/notifications")
    assert "outside of the group." in jonas.text


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "local"])
async def test_search_finds_a_group_for_those_who_may_know_of_it(lindenhof, rosa, jonas, visibility):
    await found(rosa, visibility=visibility)
    async with Browser(lindenhof.origin) as visitor:
        for query in ("werk", "Open", "@werkstatt", f"@werkstatt@{lindenhof.node.handle_host}"):
            seen = []
            for person in (rosa, jonas, visitor):
                await person.get(f"/search?q={query}")
                assert person.status in (200, 303), person.status
                seen.append('href="/@werkstatt"' in person.page)
            known = [True, visibility != "private", visibility in ("public", "unlisted")]
            assert seen[:2] == known[:2], query
            assert known[2] or not seen[2], query
