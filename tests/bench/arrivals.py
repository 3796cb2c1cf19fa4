"""Scenes of arriving: signed notes from few and many hosts, into a young and into a grown node."""

import asyncio
import secrets
import time
import urllib.parse

from tests.bench import http
from tests.bench.meter import Meter
from tests.bench.peers import FakePerson
from tests.bench.stage import Figures, Stage, per, spread

SENDERS = 20


async def befriend(stage: Stage, count: int = SENDERS) -> None:
    """Alice follows `count` of the fake people, by the API, and they agree by signed Accept."""
    uris = list(stage.fakes.people)[:count]
    asked = stage.fakes.count("Follow")
    for uri in uris:
        found = await stage.api(
            "GET", f"/api/v2/search?resolve=true&type=accounts&q={urllib.parse.quote(uri, '')}"
        )
        await stage.api("POST", f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
    await stage.fakes.until("Follow", asked + count, 60)
    for _ in range(200):
        accepted = await stage.database.fetchval(
            """SELECT count(*) FROM follows f JOIN actors a ON a.id = f.followee_id
               WHERE f.follower_id = $1 AND f.state = 'accepted' AND a.uri = ANY($2)""",
            stage.owner_id,
            uris,
        )
        if accepted >= count:
            return
        await asyncio.sleep(0.1)
    raise ValueError(f"only {accepted} of {count} follows were accepted")


async def inbox(stage: Stage, count: int, *, hosts: int = 1, rounds: int = 1) -> Figures:
    """Signed Create{Note} by people alice follows, of `hosts` hosts: taken, stored, in her timeline."""
    people = _senders(stage, hosts)
    await _warm_up(stage, people)
    results = [await _round(stage, people, count) for _ in range(rounds)]
    return {
        "activities": count,
        "hosts": hosts,
        "rounds": results,
        "stored_per_s": spread([one["stored_per_s"] for one in results]),
        "accepted_per_s": spread([one["accepted_per_s"] for one in results]),
        "cpu_ms_each": {
            part: spread([one["cpu_ms_each"][part] for one in results]) for part in results[0]["cpu_ms_each"]
        },
        "answer_p99_ms": spread([one["answer_p99_ms"] for one in results]),
    }


def _senders(stage: Stage, hosts: int) -> list[FakePerson]:
    """Befriended people of the first `hosts` hosts."""
    befriended = list(stage.fakes.people.values())[:SENDERS]
    origins = list(dict.fromkeys(person.origin for person in befriended))[:hosts]
    return [person for person in befriended if person.origin in origins]


async def _warm_up(stage: Stage, people: list[FakePerson]) -> None:
    run = secrets.token_hex(4)
    warm = [
        person.post(stage.fakes.node_inbox, person.create(run, number))
        for person in people
        for number in range(200 // len(people))
    ]
    await http.volley(stage.port, warm, 4)
    await stage.drained()
    # A database younger than a minute knows nothing of its tables and plans badly; any other does.
    await stage.database.execute("ANALYZE")


async def _round(stage: Stage, people: list[FakePerson], count: int, at_once: int = 32) -> Figures:
    run = secrets.token_hex(4)
    senders = [people[number % len(people)] for number in range(count)]
    requests = [
        sender.post(stage.fakes.node_inbox, sender.create(run, number))
        for number, sender in enumerate(senders)
    ]
    before, began = stage.meter.read(), time.perf_counter()
    answers = await http.volley(stage.port, requests, at_once)
    left = await stage.waiting()
    drained = await stage.drained()
    stored_s = time.perf_counter() - began
    cpu = Meter.cpu_between(before, stage.meter.read())
    shown = await stage.database.fetchval(
        "SELECT count(*) FROM home_entries h JOIN posts p ON p.id = h.post_id WHERE h.owner_id = $1 AND p.uri LIKE $2",
        stage.owner_id,
        f"%/notes/{run}-%",
    )
    states = await stage.database.fetch(
        "SELECT state, code, count(*) AS number FROM inbox_items WHERE activity_uri LIKE $1 GROUP BY 1, 2",
        f"%/notes/{run}-%",
    )
    return {
        "statuses": answers.statuses,
        "accepted_per_s": round(answers.per_s),
        "stored_per_s": round(count / stored_s),
        "waiting_at_last_answer": left,
        "drained": drained,
        "in_home_timeline": shown,
        "states": {f"{row['state']} {row['code']}".strip(): row["number"] for row in states},
        "answer_p50_ms": round(answers.percentile_ms(0.5), 1),
        "answer_p99_ms": round(answers.percentile_ms(0.99), 1),
        "cpu_ms_each": per(cpu, count),
    }
