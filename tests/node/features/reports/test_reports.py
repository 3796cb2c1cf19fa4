"""Reports of members and of other nodes: written, passed on, looked at, closed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from node.errors import NodeError
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.posts import service as posts
from node.features.posts.store import writes
from node.features.reports import service, store
from tests.node.features.readers import write
from tests.node.wire.strangers import Stranger, counted, outcome, run
from tests.rig import Rig, RigNode

CORPUS = Path(__file__).parents[3] / "wire"


async def reports(node: RigNode, state: str = "open") -> list[store.Report]:
    async with node.db.read() as tx:
        return await store.list_reports(tx, state, 0, 50)


async def evidence(node: RigNode, report_id: int) -> list[store.Evidence]:
    async with node.db.read() as tx:
        return await store.list_evidence(tx, report_id)


async def told(node: RigNode, actor_id: int) -> list[str]:
    async with node.db.read() as tx:
        rows = await tx.fetch("SELECT kind FROM notifications WHERE owner_id = $1 ORDER BY id", actor_id)
    return [row["kind"] for row in rows]


async def work(rig: Rig, node: RigNode, who: Stranger, activity: dict[str, Any]) -> tuple[str, str]:
    rig.clock.advance(seconds=1)
    assert await who.send(node, activity) == 202
    await run(node)
    return await outcome(node, activity)


def shapes(person: str, post: str, other: str) -> dict[str, dict[str, Any]]:
    """How programs write a report about a person here and a post of theirs."""
    return {
        "Mastodon": {"object": [person, post], "content": "Spam"},
        "Mobilizon": {"object": [person, post], "content": "Spam", "mediaType": "text/plain", "to": [person]},
        "Lemmy": {"object": post, "summary": "Spam", "to": [other], "audience": other},
        "mbin": {"object": [post, person], "audience": other, "summary": "Spam", "content": "Spam"},
        "Misskey": {"object": person, "content": "Spam"},
        "Pleroma": {
            "object": [person, {"type": "Note", "id": post, "content": "?", "actor": {"id": person}}],
            "content": "Spam", "to": [person], "cc": [],
        },
        "Friendica": {"object": [person, post], "content": "Spam", "to": [person]},
    }  # fmt: skip


@pytest.mark.parametrize("program", shapes("", "", ""))
async def test_a_report_of_any_program_reaches_the_moderators(
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger, program: str
) -> None:
    post_id = await write(lindenhof, amina, "Buy my bread")
    async with lindenhof.db.read() as tx:
        uri = (await writes.get_post(tx, post_id)).uri
    said = shapes(amina.uri, uri, vera.peer.uri("/c/garden"))[program]
    flag = {**vera.does("Flag", said["object"]), **said}
    assert await work(rig, lindenhof, vera, flag) == ("done", "")
    found = await reports(lindenhof)
    assert [(one.target_id, one.comment, one.source_host) for one in found] == [
        (amina.id, "Spam", f"localhost:{vera.peer.port}")
    ]
    kept = await evidence(lindenhof, found[0].id)
    assert [one.html for one in kept] == ([] if program == "Misskey" else ["<p>Buy my bread</p>"])
    assert await work(rig, lindenhof, vera, flag | {"id": vera.new_id("a")}) == ("done", "")


async def test_moderators_hear_of_the_first_open_report_about_somebody(
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    olena = await lindenhof.person("olena", role="moderator")
    for _ in range(3):
        await work(rig, lindenhof, vera, vera.does("Flag", amina.uri, content="Again"))
    assert await told(lindenhof, olena.id) == ["admin.report"]
    assert await told(lindenhof, amina.id) == []
    async with lindenhof.db.read() as tx:
        mails = await tx.fetch("SELECT recipient FROM mails")
    assert [row["recipient"] for row in mails] == ["olena@example.org"]


async def test_reports_about_nobody_here_are_left(
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger, eve: Stranger
) -> None:
    for thing in (
        eve.uri,
        [eve.uri, vera.uri],
        f"{lindenhof.origin}/actor",
        f"{lindenhof.origin}/ap/notes/7",
    ):
        assert await work(rig, lindenhof, vera, vera.does("Flag", thing)) == ("ignored", "not_ours")
    mixed = vera.does("Flag", [eve.uri, amina.uri])
    assert await work(rig, lindenhof, vera, mixed) == ("done", "")
    assert [one.target_id for one in await reports(lindenhof)] == [amina.id]


async def test_a_flood_of_reports_from_one_host_stops_at_its_limit(  # MOD-07
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PER_HOST_AN_HOUR", 3)
    ends = [await work(rig, lindenhof, vera, vera.does("Flag", amina.uri)) for _ in range(5)]
    assert ends == [("done", "")] * 3 + [("refused", "too_many_requests")] * 2
    rig.clock.advance(hours=2)
    later = vera.does("Flag", amina.uri)
    assert await vera.send(lindenhof, later, now=rig.clock.now()) == 202


async def test_html_in_a_report_is_only_words(  # HTM-08
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    await work(
        rig, lindenhof, vera, vera.does("Flag", amina.uri, content="<script>alert(1)</script><b>Bad</b>")
    )
    assert [one.comment for one in await reports(lindenhof)] == ["Bad"]


async def test_a_report_lists_at_most_so_many_posts(
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    many = [amina.uri, *(f"{lindenhof.origin}/ap/notes/{number}" for number in range(10_000))]
    assert await work(rig, lindenhof, vera, vera.does("Flag", many)) == ("done", "")
    assert (await counted(lindenhof, ("reports", "report_posts"))) == {"reports": 1, "report_posts": 0}


async def test_what_was_reported_stays_when_it_is_deleted(
    rig: Rig, lindenhof: RigNode, amina: Actor, vera: Stranger
) -> None:
    jonas = await lindenhof.person("jonas")
    post_id = await write(lindenhof, amina, "Buy my bread")
    async with lindenhof.db.tx() as tx:
        report = await service.write_report(
            tx, lindenhof.node, jonas.id, service.Draft(target_id=amina.id, post_ids=(post_id,))
        )
        await posts.delete_post(tx, lindenhof.node, amina.id, post_id)
    kept = await evidence(lindenhof, report.id)
    assert [(one.html, one.post_id) for one in kept] == [("<p>Buy my bread</p>", None)]


async def test_a_report_is_passed_on_in_the_name_of_the_house(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    far = await lookup.resolve_handle(lindenhof.node, f"@olena@{lernwerk.host}")
    async with lindenhof.db.tx() as tx:
        quiet = service.Draft(target_id=far.id, comment="Only for us")
        await service.write_report(tx, lindenhof.node, amina.id, quiet)
        loud = service.Draft(target_id=far.id, comment="Please look", forward=True)
        await service.write_report(tx, lindenhof.node, amina.id, loud)
    await rig.settle()
    arrived = await reports(lernwerk)
    assert [(one.target_id, one.comment, one.source_host) for one in arrived] == [
        (olena.id, "Please look", lindenhof.host)
    ]
    async with lindenhof.db.read() as tx:
        bodies = [json.loads(bytes(row["body"])) for row in await tx.fetch("SELECT body FROM activities")]
    assert [(one["type"], one["actor"]) for one in bodies] == [("Flag", f"{lindenhof.origin}/actor")]
    assert "amina" not in json.dumps(bodies) and str(amina.id) not in json.dumps(bodies)


async def test_who_reported_hears_when_it_is_closed_and_the_marker_goes(
    lindenhof: RigNode, amina: Actor
) -> None:
    jonas, olena = await lindenhof.person("jonas"), await lindenhof.person("olena", role="moderator")
    async with lindenhof.db.tx() as tx:
        report = await service.write_report(
            tx, lindenhof.node, jonas.id, service.Draft(target_id=amina.id, comment="Too loud")
        )
    assert await told(lindenhof, olena.id) == ["admin.report"]
    async with lindenhof.db.tx() as tx:
        await service.close(tx, report.id, olena.id)
        await service.close(tx, report.id, olena.id)
    assert (await told(lindenhof, jonas.id), await told(lindenhof, olena.id)) == (["report.closed"], [])
    assert [one.id for one in await reports(lindenhof, "closed")] == [report.id]


async def test_nobody_reports_themselves_or_posts_of_others_as_theirs(
    lindenhof: RigNode, amina: Actor
) -> None:
    jonas = await lindenhof.person("jonas")
    post_id = await write(lindenhof, jonas, "Mine")
    async with lindenhof.db.tx() as tx:
        with pytest.raises(NodeError, match="invalid"):
            await service.write_report(tx, lindenhof.node, amina.id, service.Draft(target_id=amina.id))
        with pytest.raises(NodeError, match="not_found"):
            wrong = service.Draft(target_id=jonas.id, post_ids=(post_id, 77))
            await service.write_report(tx, lindenhof.node, amina.id, wrong)


async def test_a_program_reports_a_post(lindenhof: RigNode, alice: Any, bob: Any) -> None:
    async with lindenhof.db.tx() as tx:
        await tx.execute(
            'UPDATE settings SET value = value || \'{"rules": ["No advertising", "Be kind"]}\' WHERE key = \'house\''
        )
    post = await bob.write("Buy my bread")
    made = await alice.post(
        "/api/v1/reports", account_id=bob.id, status_ids=[post["id"]], comment="Advertising", rule_ids=["1"]
    )
    assert (made["category"], made["status_ids"], made["forwarded"]) == ("violation", [post["id"]], False)
    assert made["target_account"]["id"] == bob.id
    assert [one.rules for one in await reports(lindenhof)] == [["No advertising"]]
    for body, status in (
        ({"account_id": "77"}, 404), ({}, 404), ({"account_id": bob.id, "category": "loud"}, 422),
        ({"account_id": bob.id, "comment": "x" * 5001}, 422), ({"account_id": alice.id}, 422),
    ):  # fmt: skip
        assert (await alice.call("POST", "/api/v1/reports", json=body)).status == status, body
