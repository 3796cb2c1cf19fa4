"""Quoting in a browser without scripts, and by program."""

import pytest

from node.features.follows import service as follows
from tests.node.features.api_client import STATUS, check
from tests.node.features.readers import signed_in, write


@pytest.fixture
async def amina(lindenhof):
    """A member's browser."""
    async with signed_in(lindenhof, "amina") as browser:
        yield browser


@pytest.fixture
async def jonas(lindenhof):
    """Another member's."""
    async with signed_in(lindenhof, "jonas") as browser:
        yield browser


async def quote(browser, post_id, **fields):
    """Open the form to quote a post, fill it in and send it."""
    await browser.get(f"/write?quote={post_id}")
    return await browser.post("/write", **({"step": "send"} | browser.hidden() | fields))


async def test_a_post_is_quoted_and_both_are_read(lindenhof, amina, jonas):
    first = await write(lindenhof, amina.me, "Bread in the yard")
    await jonas.get(f"/posts/{first}")
    await jonas.get(jonas.location)
    assert f"/write?quote={first}" in jonas.page
    await quote(jonas, first, source="Come hungry", audience="public")
    assert jonas.status == 303
    await jonas.get(jonas.location)
    assert 'class="quoted"' in jonas.page
    assert "Bread in the yard" in jonas.text and "Come hungry" in jonas.text
    await amina.get("/notifications")
    assert "Come hungry" in amina.text


async def test_the_form_says_what_is_quoted_and_keeps_it_through_a_preview(lindenhof, amina, jonas):
    first = await write(lindenhof, amina.me, "Bread in the yard")
    await jonas.get(f"/write?quote={first}")
    assert "Bread in the yard" in jonas.text
    await jonas.post("/write", **jonas.hidden(), step="preview", source="Soon", audience="public")
    assert "Bread in the yard" in jonas.text
    assert f'name="quote" value="{first}"' in jonas.page


async def test_nobody_is_offered_to_quote_what_may_not_be_quoted(lindenhof, amina, jonas):
    first = await write(lindenhof, amina.me, "Among us", quote_policy="nobody")
    await jonas.get(f"/@amina/{first}")
    assert f"/write?quote={first}" not in jonas.page
    await jonas.get(f"/write?quote={first}")
    assert jonas.status == 403
    await amina.get(f"/@amina/{first}")
    assert f"/write?quote={first}" in amina.page


async def test_the_quoted_person_takes_their_post_out_again(lindenhof, amina, jonas):
    first = await write(lindenhof, amina.me, "Bread in the yard")
    await quote(jonas, first, source="Come hungry", audience="public")
    second = jonas.location
    number = second.rpartition("/")[2]
    await amina.get(second)
    assert f"/posts/{number}/unquote" in amina.page
    await amina.get(f"/posts/{number}/unquote")
    assert "cannot be undone" in amina.text
    await amina.post(f"/posts/{number}/unquote", **amina.hidden())
    await amina.get(second)
    assert "took it back" in amina.text and "Bread in the yard" not in amina.text
    await jonas.get(f"/posts/{number}/unquote")
    assert jonas.status == 404


async def test_the_rule_for_new_posts_is_a_setting(lindenhof, amina):
    await amina.get("/settings/privacy")
    fields = amina.hidden() | {"default_audience": "public", "quote_policy": "followers"}
    await amina.post("/settings/privacy", **fields)
    assert amina.status == 303
    await amina.get("/write")
    await amina.post("/write", **amina.hidden(), step="send", source="Hello", audience="public")
    async with lindenhof.db.read() as tx:
        assert await tx.fetchval("SELECT quote_policy FROM posts") == "followers"


async def test_a_program_quotes_and_reads_the_quote(alice, bob):
    first = await bob.write("Bread in the yard")
    assert first["quote_approval"] == {"automatic": ["public"], "manual": [], "current_user": "automatic"}
    second = await alice.write("Come hungry", quoted_status_id=first["id"])
    check(second, STATUS)
    assert second["quote"]["state"] == "accepted"
    check(second["quote"]["quoted_status"], STATUS)
    assert second["quote"]["quoted_status"]["id"] == first["id"]
    third = await bob.write("Will do", quoted_status_id=second["id"])
    assert third["quote"]["quoted_status"]["quote"] == {"state": "accepted", "quoted_status_id": first["id"]}
    listed = await bob.get(f"/api/v1/statuses/{first['id']}/quotes")
    assert [one["id"] for one in listed] == [second["id"]]
    assert (await bob.get(f"/api/v1/statuses/{first['id']}"))["quotes_count"] == 1
    kinds = [one["type"] for one in await bob.get("/api/v1/notifications")]
    assert "quote" in kinds


async def test_a_program_sets_the_rule_and_takes_leave_back(alice, bob):
    first = await bob.write("Bread in the yard")
    second = await alice.write("Come hungry", quoted_status_id=first["id"])
    path = f"/api/v1/statuses/{first['id']}"
    assert (await alice.call("POST", f"{path}/quotes/{second['id']}/revoke")).status == 404
    assert (await bob.post(f"{path}/quotes/{second['id']}/revoke"))["quote"] == {
        "state": "revoked", "quoted_status": None}  # fmt: skip
    changed = await bob.ok("PUT", f"{path}/interaction_policy", json={"quote_approval_policy": "nobody"})
    assert changed["quote_approval"] == {"automatic": [], "manual": [], "current_user": "automatic"}
    refused = await alice.call(
        "POST", "/api/v1/statuses", json={"status": "x", "quoted_status_id": first["id"]}
    )
    assert (refused.status, refused.body["details"]["quoted_status"][0]["error"]) == (422, "ERR_FORBIDDEN")
    wrong = await bob.call("PUT", f"{path}/interaction_policy", json={"quote_approval_policy": "some"})
    assert wrong.status == 422
    assert (
        await alice.call("PUT", f"{path}/interaction_policy", json={"quote_approval_policy": "public"})
    ).status == 404


async def test_a_program_chooses_the_rule_for_one_post_and_for_all(alice):
    one = await alice.write("For friends", quote_approval_policy="followers")
    assert one["quote_approval"]["automatic"] == ["followers"]
    me = await alice.ok(
        "PATCH", "/api/v1/accounts/update_credentials", json={"source": {"quote_policy": "nobody"}}
    )
    assert me["source"]["quote_policy"] == "nobody"
    assert (await alice.get("/api/v1/preferences"))["posting:default:quote_policy"] == "nobody"
    assert (await alice.write("For me"))["quote_approval"]["automatic"] == []
    assert (await alice.write("Few", visibility="private"))["quote_approval"]["automatic"] == []


async def test_who_blocked_the_quoted_person_gets_no_post_by_program(lindenhof, alice, bob, clients):
    first = await bob.write("Bread in the yard")
    second = await alice.write("Come hungry", quoted_status_id=first["id"])
    carol = await clients.person("carol")
    async with lindenhof.db.tx() as tx:
        await follows.block(tx, lindenhof.node, carol.actor.id, bob.actor.id)
    shown = await carol.get(f"/api/v1/statuses/{second['id']}")
    assert shown["quote"] == {"state": "blocked_account", "quoted_status": None}
