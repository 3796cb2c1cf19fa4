"""The house: what it says of itself, and what its admins see of the wire."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from node.errors import NodeError
from node.features.house import service, store
from tests.node.features.accounts.browser import Browser
from tests.node.features.readers import write

GERMAN = {"Accept-Language": "de"}


@pytest.fixture
async def boss(lindenhof):
    """Somebody who manages the house, signed in."""
    await lindenhof.person("boss", role="admin")
    async with Browser(lindenhof.origin) as opened:
        yield await opened.sign_in("boss")


SAVED = {
    "name": "Lindenhof",
    "description": "We live together.",
    "registration": "invite",
    "rules": "Be kind.\n\n  No advertising. \n",
    "hue": "220",
    "contact_email": "hello@example.org",
    "imprint": "Lindenhof e. V.\nLindenweg 1",
    "privacy": "We are careful.",
}


async def test_what_an_admin_saves_stands_on_the_pages_at_once(boss, lindenhof):
    await boss.get("/manage/house")
    await boss.post("/manage/house", **SAVED)
    assert boss.location == "/manage/house?done=1", boss.text
    async with Browser(lindenhof.origin) as visitor:
        await visitor.get("/about")
        assert "We live together." in visitor.text
        assert "People who were invited." in visitor.text
        await visitor.get("/rules")
        assert visitor.page.count("<li dir=") == 2
        await visitor.get("/imprint")
        assert "Lindenweg 1" in visitor.text
        await visitor.get("/privacy")
        assert "We are careful." in visitor.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "L" * 81}, "name"),
        ({"contact_email": "nowhere"}, "contact_email"),
        ({"registration": "everybody"}, "registration"),
        ({"hue": "400"}, "hue"),
        ({"hue": "green"}, "hue"),
        ({"question": "?" * 301}, "question"),
        ({"time_zone": "Etc/UTC"}, "time_zone"),
        ({"time_zone": "Lindenhof"}, "time_zone"),
        ({"other_zone": "../etc/passwd"}, "other_zone"),
        ({"other_zone": "UTC"}, "other_zone"),
    ],
)
async def test_a_faulty_setting_is_said_beside_its_field_and_nothing_is_saved(boss, node, changes, field):
    await boss.get("/manage/house")
    await boss.post("/manage/house", **SAVED | changes)
    assert boss.status == 422
    assert f'id="{field}-error"' in boss.page
    async with node.db.read() as tx:
        assert (await service.get_settings(tx)).description == ""


async def put_arrival(tx, state, code=""):
    return await tx.fetchval(
        """
        INSERT INTO inbox_items (id, activity_uri, type, actor_uri, host, body, received_at, state, code,
                                 next_attempt_at, ended_at, attempts)
        VALUES ($1, 'https://peer.example/a/' || $1::bigint, 'Create', 'https://peer.example/u', 'peer.example', ''::bytea,
                $2, $3, $4, $2, $2, 3)
        RETURNING id
        """,
        tx.new_id(),
        tx.now,
        state,
        code,
    )


async def test_the_wire_page_shows_states_hosts_and_codes_and_tries_again(boss, node):
    async with node.db.tx() as tx:
        failed, done = await put_arrival(tx, "failed", "bad_signature"), await put_arrival(tx, "done")
    await boss.get("/manage/wire")
    assert "peer.example" in boss.text
    assert "bad_signature" in boss.text
    await boss.post(f"/manage/wire/inbox/{failed}/again")
    assert boss.location == "/manage/wire?queue=inbox&state=failed&done=1"
    async with node.db.read() as tx:
        row = await tx.fetchrow("SELECT state, code, attempts FROM inbox_items WHERE id = $1", failed)
    assert tuple(row) == ("new", "", 0)
    for path in (f"inbox/{failed}", f"inbox/{done}", "inbox/1", "deliveries/1"):
        await boss.post(f"/manage/wire/{path}/again")
        assert boss.status == 409, path
    assert (await boss.post("/manage/wire/elsewhere/1/again")).status == 404


@pytest.mark.parametrize("path", ["?queue=elsewhere", "?state=made-up", "?queue=deliveries&state=done"])
async def test_an_unknown_queue_or_state_is_not_found(boss, path):
    assert (await boss.get(f"/manage/wire{path}")).status == 404


async def test_every_state_of_both_queues_has_its_page(boss):
    for queue, states in (
        ("inbox", ("new", "done", "ignored", "held", "refused", "failed")),
        ("deliveries", ("due", "delivered", "refused", "gone", "failed")),
    ):
        for state in states:
            assert (await boss.get(f"/manage/wire?queue={queue}&state={state}")).status == 200


async def test_two_admins_changing_different_settings_both_win(node):
    async with node.db.tx() as tx:
        await service.change_settings(tx, description="One")
    async with node.db.tx() as tx:
        await service.change_settings(tx, contact_email="hello@example.org")
        settings = await service.get_settings(tx)
    assert (settings.description, settings.contact_email) == ("One", "hello@example.org")


async def test_settings_stored_by_another_version_are_still_read(node):
    async with node.db.tx() as tx:
        await store.put_setting(tx, "house", {"name": "Old house", "something_new": 1})
        assert (await service.get_settings(tx)).name == "Old house"


async def test_a_house_without_a_name_is_refused(node):
    async with node.db.tx() as tx:
        with pytest.raises(NodeError) as caught:
            await service.put_settings(tx, service.HouseSettings(name=" "))
    assert caught.value.field == "name"


async def test_the_time_of_the_house_counts_for_everybody_without_their_own(boss, lindenhof, clock):
    amina = await lindenhof.person("amina")
    await write(lindenhof, amina, "Good night.")

    def said_in(zone):
        return clock.now().astimezone(ZoneInfo(zone)).strftime(', %H:%M">')

    async with Browser(lindenhof.origin) as visitor:
        assert said_in("Europe/Berlin") in (await visitor.get("/@amina", headers=GERMAN)).page
        await boss.get("/manage/house")
        assert '<option value="Europe/Berlin" selected>' in boss.page
        await boss.post("/manage/house", **SAVED, time_zone="Europe/Berlin", other_zone="Asia/Kathmandu")
        assert boss.location == "/manage/house?done=1", boss.text
        assert said_in("Asia/Kathmandu") in (await visitor.get("/@amina", headers=GERMAN)).page
    await boss.get("/manage/house")
    assert '<option value="Asia/Kathmandu" selected>' in boss.page
    await boss.get("/settings/account")
    await boss.post("/settings/account/language", locale="de", time_zone="Asia/Tokyo")
    assert said_in("Asia/Tokyo") in (await boss.get("/@amina")).page


async def test_a_formal_house_says_sie_on_its_pages_and_in_its_errors(boss, lindenhof):
    await boss.get("/manage/house")
    await boss.post("/manage/house", **SAVED, formal="1")
    async with Browser(lindenhof.origin) as visitor:
        await visitor.get("/about", headers=GERMAN)
        assert "Was Sie wissen sollten" in visitor.text
        await visitor.get("/nowhere", headers=GERMAN)
        assert "nicht für Sie bestimmt" in visitor.text
        await visitor.get("/nowhere", headers={"Accept-Language": "en"})
        assert "it is not open to you" in visitor.text


async def test_the_page_of_other_houses_says_who_rests_and_tries_again(boss, node):
    async with node.db.tx() as tx:
        for host, failures, answer_ms, gone in (
            ("resting.example:8443", 3, 0, None), ("slow.example", 0, 2400, None),
            ("gone.example", 9, 0, tx.now), ("quick.example", 0, 12, None),
        ):  # fmt: skip
            await tx.execute(
                """INSERT INTO hosts (host, first_seen_at, failures, failing_since, next_attempt_at, answer_ms,
                                      gone_at, code)
                   VALUES ($1, $2, $3, $2, $4, $5, $6, $7)""",
                host, tx.now, failures, tx.now + timedelta(hours=3) if failures else None, answer_ms, gone,
                "http_503" if failures else "",
            )  # fmt: skip
    await boss.get("/manage/hosts")
    assert "resting.example:8443" in boss.text and "http_503" in boss.text
    assert "slow.example" not in boss.text
    for state, host in (("slow", "slow.example"), ("gone", "gone.example"), ("ok", "quick.example")):
        await boss.get(f"/manage/hosts?state={state}")
        assert host in boss.text
    assert (await boss.get("/manage/hosts?state=odd")).status == 404
    for host in ("resting.example:8443", "gone.example"):
        await boss.post(f"/manage/hosts/{host}/again")
        assert boss.location == "/manage/hosts?done=1"
    assert (await boss.post("/manage/hosts/nobody.example/again")).status == 404
    async with node.db.read() as tx:
        assert (
            await tx.fetchval("SELECT count(*) FROM hosts WHERE next_attempt_at IS NULL AND gone_at IS NULL")
            == 4
        )


@pytest.mark.parametrize("queue", ["inbox", "deliveries"])
async def test_counts_of_a_small_queue_are_exact_and_of_a_large_one_about_right(node, boss, queue):
    """Twenty thousand rows that ended well are guessed by the table's size, the four others are counted."""
    table, well, badly = {
        "inbox": ("inbox_items", "done", "refused"),
        "deliveries": ("deliveries", "delivered", "gone"),
    }[queue]
    count = store.count_inbox if queue == "inbox" else store.count_deliveries
    async with node.db.tx() as tx:
        await _fill(tx, table, badly, 1, 4, "")
        await _fill(tx, table, well, 5, 10, "")
        exact = {row.state: row.number for row in await count(tx)}
    assert (exact[well], exact[badly]) == (6, 4)
    async with node.db.tx() as tx:
        await _fill(tx, table, well, 11, 20_000, "x" * 1_200)
    await node.db.pool.execute(f"VACUUM ANALYZE {table}")
    async with node.db.read() as tx:
        guessed = {row.state: row.number for row in await count(tx)}
    assert guessed[badly] == 4
    assert 18_000 < guessed[well] < 22_000


async def _fill(tx, table, state, first, last, padding):
    if table == "inbox_items":
        await tx.execute(
            """INSERT INTO inbox_items (id, activity_uri, actor_uri, host, type, body, state, received_at,
                                        next_attempt_at)
               SELECT n, 'https://peer.test/a/' || n || $4, 'https://peer.test/u', 'peer.test', 'Like', ''::bytea, $3,
                      $5, $5 FROM generate_series($1::bigint, $2::bigint) AS n""",
            first, last, state, padding, tx.now,
        )  # fmt: skip
        return
    me = await tx.fetchval("SELECT min(id) FROM actors WHERE local")
    await tx.execute(
        """INSERT INTO activities (id, uri, type, actor_id, body, created_at)
           VALUES (1, 'urn:x:1', 'Like', $1, ''::bytea, $2) ON CONFLICT DO NOTHING""",
        me,
        tx.now,
    )
    await tx.execute(
        """INSERT INTO deliveries (activity_id, sender_id, host, inbox_uri, state, next_attempt_at)
           SELECT 1, $6, 'peer.test', 'https://peer.test/inbox/' || n || $4, $3, $5
           FROM generate_series($1::bigint, $2::bigint) AS n""",
        first, last, state, padding, tx.now, me,
    )  # fmt: skip
