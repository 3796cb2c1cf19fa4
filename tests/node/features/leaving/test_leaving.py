"""Leaving: what goes along, what is removed, who is told."""

import csv
import io
import json
import zipfile

import aiohttp
import pytest

from node.features.accounts import service as accounts
from node.features.actors import lookup
from node.features.follows import service as follows
from node.features.leaving import service
from node.features.oauth import service as oauth
from node.features.polls.service import PollDraft
from node.features.posts import polling, reactions
from node.features.posts import service as posts
from tests.node.features.accounts.browser import Browser


@pytest.fixture
async def amina(lindenhof):
    """A member."""
    return await lindenhof.person("amina")


@pytest.fixture
async def bob(lindenhof):
    """Another member."""
    return await lindenhof.person("bob")


async def write(rig_node, author, text, **changes):
    async with rig_node.db.tx() as tx:
        return await posts.write_post(tx, rig_node.node, author.id, posts.Draft(source=text, **changes))


async def export_of(origin, username):
    async with Browser(origin) as browser:
        await browser.sign_in(username)
        await browser.get("/settings/export")
        await browser.post("/settings/export")
        assert browser.status == 200
        assert browser.headers["Content-Type"] == "application/zip"
        assert browser.headers["Cache-Control"] == "no-store"
        return zipfile.ZipFile(io.BytesIO(browser.body))


async def test_prv_02_an_export_holds_ones_own_data_and_nobody_elses(lindenhof, amina, bob):
    await write(lindenhof, amina, "Hello from Amina")
    theirs = await write(lindenhof, bob, "Hello from Bob")
    await write(lindenhof, bob, "For few eyes", audience="followers")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, bob.id)
        await reactions.like(tx, lindenhof.node, amina.id, theirs)
        await reactions.bookmark(tx, amina.id, theirs)
    archive = await export_of(lindenhof.origin, "amina")
    whole = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Hello from Amina" in whole
    assert b"Hello from Bob" not in whole
    assert b"For few eyes" not in whole
    assert b"bob@example.org" not in whole
    assert b"argon2" not in whole
    assert json.loads(archive.read("account.json"))["email"] == "amina@example.org"
    assert len(json.loads(archive.read("likes.json"))) == len(json.loads(archive.read("bookmarks.json"))) == 1
    rows = list(csv.DictReader(io.StringIO(archive.read("following_accounts.csv").decode())))
    assert [row["Account address"] for row in rows] == [f"bob@{lindenhof.node.handle_host}"]


async def test_an_export_holds_what_somebody_chose_in_polls(lindenhof, amina, bob):
    poll = PollDraft(titles=("Saturday", "Sunday"), open_s=3600, multiple=True)
    post_id = await write(lindenhof, bob, "When?", poll=poll)
    async with lindenhof.db.tx() as tx:
        await polling.vote(tx, lindenhof.node, amina.id, post_id, [0, 1])
    archive = await export_of(lindenhof.origin, "amina")
    votes = json.loads(archive.read("votes.json"))
    assert [(vote["poll"], vote["choice"]) for vote in votes] == [
        (lindenhof.node.uri(f"/ap/notes/{post_id}"), title) for title in ("Saturday", "Sunday")
    ]


async def test_an_empty_account_can_be_exported(lindenhof, amina):
    archive = await export_of(lindenhof.origin, "amina")
    assert archive.testzip() is None
    assert json.loads(archive.read("posts.json")) == []


async def test_prv_02_an_export_leaves_nothing_behind_and_needs_its_owner(lindenhof, amina):
    await export_of(lindenhof.origin, "amina")
    assert [path.name for path in lindenhof.node.config.data_dir.iterdir() if "export" in path.name] == []
    async with Browser(lindenhof.origin) as visitor:
        await visitor.post("/settings/export")
        assert visitor.status == 401


async def every_text(tx):
    """Every row of every table as text, by table."""
    names = await tx.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = {}
    for row in names:
        table = row["tablename"]
        rows = await tx.fetch(f'SELECT t::text AS text FROM "{table}" t')
        found[table] = "\n".join(one["text"] for one in rows)
    return found


async def test_prv_01_after_deleting_nothing_of_the_person_is_left_but_what_is_listed(lindenhof, amina, bob):
    hello = await write(lindenhof, amina, "A sentence only Amina writes")
    theirs = await write(lindenhof, bob, f"Hello @amina@{lindenhof.node.handle_host}")
    async with lindenhof.db.tx() as tx:
        await follows.follow(tx, lindenhof.node, amina.id, bob.id)
        await reactions.like(tx, lindenhof.node, amina.id, theirs)
        await reactions.like(tx, lindenhof.node, bob.id, hello)
        await accounts.open_session(tx, amina.id, "Amina's own browser")
        await oauth.create_token(tx, amina.id, ("read",))
        await accounts.ask_reset(tx, lindenhof.node, "amina@example.org")
    async with lindenhof.db.tx() as tx:
        await service.delete_account(tx, lindenhof.node, amina.id)
    await lindenhof.sweep()
    while await lindenhof.run_jobs():
        pass
    async with lindenhof.db.read() as tx:
        texts = await every_text(tx)
        counts = await tx.fetchrow("SELECT likes_count FROM posts WHERE id = $1", theirs)
        followers = await tx.fetchval("SELECT followers_count FROM actors WHERE id = $1", bob.id)
    assert (counts["likes_count"], followers) == (0, 0)
    assert [table for table, text in texts.items() if "only Amina writes" in text] == []
    # Sent mail keeps its recipient for two days (accounts.mail), without its text.
    assert [table for table, text in texts.items() if "amina@example.org" in text] == ["mails"]
    holds_id = {table for table, text in texts.items() if str(amina.id) in text}
    # The emptied row keeps the name from others; the keys sign the farewell; tombstones are addresses.
    assert holds_id <= {"actors", "actor_secrets", "activities", "deliveries", "tombstones"}


async def test_the_name_of_somebody_who_left_is_never_given_again(lindenhof, amina, bob):
    async with lindenhof.db.tx() as tx:
        await service.delete_account(tx, lindenhof.node, amina.id)
    async with lindenhof.db.tx() as tx:
        with pytest.raises(Exception, match="username"):
            await accounts.create_account(tx, lindenhof.node, "Amina", "other@example.org", "x")


async def test_others_are_told_and_the_address_says_gone(rig, lindenhof, lernwerk, amina):
    olena = await lernwerk.person("olena")
    seen = await lookup.resolve_handle(lernwerk.node, f"@amina@{lindenhof.node.handle_host}")
    async with lernwerk.db.tx() as tx:
        await follows.follow(tx, lernwerk.node, olena.id, seen.id)
    await rig.settle()
    hello = await write(lindenhof, amina, "Hello over there")
    await rig.settle()
    async with lernwerk.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE author_id = $1", seen.id) == 1
    async with lindenhof.db.tx() as tx:
        await service.delete_account(tx, lindenhof.node, amina.id)
    await rig.settle()
    async with lernwerk.db.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM posts WHERE author_id = $1", seen.id) == 0
        assert await tx.fetchval("SELECT deleted_at IS NOT NULL FROM actors WHERE id = $1", seen.id)
    headers = {"Accept": "application/activity+json"}
    async with aiohttp.ClientSession() as session:
        for uri in (amina.uri, f"{lindenhof.origin}/ap/notes/{hello}"):
            async with session.get(uri, headers=headers) as answer:
                assert answer.status == 410, uri


async def test_the_last_admin_cannot_leave(lindenhof):
    await lindenhof.person("boss", role="admin")
    async with Browser(lindenhof.origin) as browser:
        await browser.sign_in("boss")
        await browser.get("/settings/delete")
        await browser.post("/settings/delete", password="correct horse battery", sure="1")
        assert browser.status == 422
        assert "last person who manages the house" in browser.text


@pytest.mark.parametrize("state", ["active", "disabled", "waiting"])
async def test_aut_16_leaving_needs_password_and_tick_and_is_open_in_every_state(lindenhof, amina, state):
    async with lindenhof.db.tx() as tx:
        await tx.execute("UPDATE accounts SET state = $1", state)
    async with Browser(lindenhof.origin) as browser:
        await browser.get("/sign-in")
        await browser.post("/sign-in", login="amina", password="correct horse battery")
        await browser.get("/settings/delete")
        await browser.post("/settings/delete", password="correct horse battery")
        assert browser.status == 422
        await browser.post("/settings/delete", password="guess", sure="1")
        assert browser.status == 422
        await browser.post("/settings/delete", password="correct horse battery", sure="1")
        assert browser.location == "/sign-in?done=deleted"
        await browser.get("/settings")
        assert browser.status == 303
        await browser.get("/sign-in?done=deleted")
        await browser.post("/sign-in", login="amina", password="correct horse battery")
        assert browser.status == 422
