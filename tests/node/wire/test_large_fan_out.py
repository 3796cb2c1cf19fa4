"""Very many followers: one delivery for each host, one place in each timeline here, whoever is loud meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec
import pytest
from multidict import CIMultiDict

from federation.client import Reply
from node.features.actors.store.reads import Actor
from tests.federation.peers import Peer
from tests.node.wire.strangers import Inboxes, Stranger, known_as, outcome, run
from tests.node.wire.test_deliveries import followed_by, rows_of, write
from tests.node.wire.test_query_counts import Statements
from tests.rig import Rig, RigNode

_FOLLOWERS = """
INSERT INTO actors (id, uri, local, host, kind, username, inbox_uri, shared_inbox_uri, created_at, updated_at, fetched_at)
SELECT 1000 + n, origin || '/u/' || n, local, host, 'Person', 'f' || n, origin || '/u/' || n || '/inbox',
       CASE WHEN local THEN '' ELSE origin || '/inbox' END, now(), now(), now()
FROM (SELECT n, n > $1 AS local, CASE WHEN n > $1 THEN $3 ELSE 'h' || n % $2 || '.example' END AS host,
             'http://' || CASE WHEN n > $1 THEN $3 ELSE 'h' || n % $2 || '.example' END AS origin
      FROM generate_series(1, $1::int + $4::int) AS n) made
"""
_FOLLOWS = """
INSERT INTO follows (id, uri, follower_id, followee_id, state, created_at, accepted_at)
SELECT id, uri || '#follows', id, $1, 'accepted', now(), now() FROM actors WHERE username ~ '^f[0-9]+$'
"""


async def test_rel_44_fifty_thousand_followers_on_five_hundred_hosts_are_five_hundred_sends(
    rig: Rig, lindenhof: RigNode, amina: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, bytes]] = []

    async def taken(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Reply:
        sent.append((url, msgspec.json.decode(body)["id"]))
        return Reply(url, 202, CIMultiDict(), b"")

    monkeypatch.setattr(lindenhof.node.client, "post", taken)
    async with lindenhof.db.tx() as tx:
        await tx.execute(_FOLLOWERS, 50_000, 500, lindenhof.host, 2_000)
        await tx.execute(_FOLLOWS, amina.id)
    posts = []
    for text in ("eins", "zwei", "drei"):
        rig.clock.advance(seconds=1)
        posts.append(await write(lindenhof, amina, text))
    await run(lindenhof)
    assert Counter(identifier for _, identifier in sent) == dict.fromkeys(posts, 500)
    of_host: dict[str, list[str]] = {}
    for url, identifier in sent:
        of_host.setdefault(url, []).append(identifier)
    assert len(of_host) == 500 and all(came == posts for came in of_host.values())
    assert Counter(await rows_of(lindenhof)) == {("delivered", "", 1): 1500}
    async with lindenhof.db.read() as tx:
        entries = await tx.fetchval(
            "SELECT count(*) FROM home_entries WHERE owner_id >= 1000 AND owner_id < 60000"
        )
    assert entries == 3 * 2_000


async def test_what_is_for_followers_asks_the_database_by_lease_and_not_by_host(
    lindenhof: RigNode, amina: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def taken(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Reply:
        told.append(headers["Collection-Synchronization"])
        return Reply(url, 202, CIMultiDict(), b"")

    monkeypatch.setattr(lindenhof.node.client, "post", taken)
    async with lindenhof.db.tx() as tx:
        await tx.execute(_FOLLOWERS, 600, 300, lindenhof.host, 0)
        await tx.execute(_FOLLOWS, amina.id)
    await write(lindenhof, amina, "Nur für euch", audience="followers")
    statements = Statements(lindenhof)
    await run(lindenhof)
    asked = statements.take()
    assert len(set(told)) == 300  # each host hears of its own two
    for about in ("FROM actors a CROSS JOIN unnest", "SELECT id, body, for_followers", "rsa_sealed"):
        assert 1 <= sum(about in statement for statement in asked) <= 4, about


async def test_res_18_a_host_that_wants_to_be_left_alone_is_and_delays_nobody_else(
    rig: Rig, lindenhof: RigNode, amina: Actor, peers: list[Peer]
) -> None:
    loud, calm = Inboxes(peers[0], "/inbox"), Inboxes(peers[1], "/inbox")
    for peer in peers:
        await followed_by(lindenhof, amina, peer, "f1")
    await write(lindenhof, amina, "bekannt")
    await run(lindenhof)
    loud.status, loud.headers = 429, {"Retry-After": "600"}
    asked = len(peers[0].requests)
    sent = [await write(lindenhof, amina, "eins")]
    await run(lindenhof)
    for minutes in range(1, 10):
        rig.clock.advance(seconds=60)
        sent.append(await write(lindenhof, amina, f"{minutes} Minuten"))
        await lindenhof.sweep()
        await run(lindenhof)
        assert calm.ids[1:] == sent  # at once, each time
    assert len(peers[0].requests) == asked + 1  # once, and not again before the time it named
    loud.status = 202
    rig.clock.advance(seconds=61)
    await lindenhof.sweep()
    await run(lindenhof)
    assert loud.ids[1:] == sent


async def test_res_18_a_host_that_floods_us_is_asked_to_wait_and_nobody_else_is(
    rig: Rig, lindenhof: RigNode, follower: Actor, vera: Stranger, eve: Stranger
) -> None:
    await known_as(lindenhof, eve)
    config = lindenhof.node.config
    lindenhof.node.config = msgspec.structs.replace(
        config,
        web=msgspec.structs.replace(config.web, rate_limits=True),
        federation=msgspec.structs.replace(config.federation, arrivals_per_minute=60),
    )
    mention = {"to": [follower.uri], "tag": [{"type": "Mention", "href": follower.uri}]}
    flood = [eve.does("Create", eve.note(**mention)) for _ in range(70)]
    answers = [await eve.send(lindenhof, one) for one in flood]
    taken = answers.count(202)
    assert set(answers) == {202, 429} and 60 <= taken < 70
    honest = [vera.does("Create", vera.note(**mention)) for _ in range(30)]
    assert {await vera.send(lindenhof, one) for one in honest} == {202}
    await run(lindenhof)
    assert {await outcome(lindenhof, one) for one in honest} == {("done", "")}
    async with lindenhof.db.read() as tx:
        stored = await tx.fetchval("SELECT count(*) FROM inbox_items WHERE actor_uri = $1", eve.uri)
    assert stored == taken
