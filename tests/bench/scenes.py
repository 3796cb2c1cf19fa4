"""The measurements: each sets its scene over the wire, does one thing many times, and reports.

A scene never writes into the node's tables; it only counts in them.
"""

import asyncio
import json
import secrets
import statistics
import time
import urllib.parse
from typing import Any

import asyncpg
import msgspec

from tests.bench import http
from tests.bench.meter import Meter, Usage
from tests.bench.peers import Fakes

Figures = dict[str, Any]


class Stage(msgspec.Struct):
    """What every scene plays on."""

    port: int
    host: str
    token: str
    fakes: Fakes
    meter: Meter
    database: asyncpg.Connection

    async def api(self, method: str, path: str, fields: dict[str, str] | None = None) -> Any:
        """One call of the client API as alice. Raises: ValueError."""
        body = urllib.parse.urlencode(fields or {}).encode()
        request = (
            f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {self.token}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        status, answer = await http.ask(self.port, request)
        if status != 200:
            raise ValueError(f"{method} {path}: {status} {answer[:300]!r}")
        return json.loads(answer)

    async def waiting(self) -> int:
        """Activities taken in and not worked off yet."""
        found = await self.database.fetchval("SELECT count(*) FROM inbox_items WHERE state = 'new'")
        return int(found)

    async def drained(self, seconds: float = 120.0) -> bool:
        """Wait until nothing waits; looks seldom and cheaply, so as not to be measured itself."""
        ends = time.monotonic() + seconds
        while await self.waiting():
            if time.monotonic() > ends:
                return False
            await asyncio.sleep(0.05)
        return True


def _per(total: dict[str, float], count: int) -> dict[str, float]:
    each = {part: round(seconds * 1000 / count, 3) for part, seconds in total.items()}
    return {**each, "all": round(sum(total.values()) * 1000 / count, 3)}


async def befriend(stage: Stage, count: int) -> None:
    """Alice follows `count` of the fake people, by the API, and they agree by signed Accept."""
    uris = list(stage.fakes.people)[:count]
    for uri in uris:
        found = await stage.api(
            "GET", f"/api/v2/search?resolve=true&type=accounts&q={urllib.parse.quote(uri, '')}"
        )
        await stage.api("POST", f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
    await stage.fakes.until("Follow", count, 60)
    for _ in range(200):
        accepted = await stage.database.fetchval("SELECT count(*) FROM follows WHERE state = 'accepted'")
        if accepted >= count:
            return
        await asyncio.sleep(0.1)
    raise ValueError(f"only {accepted} of {count} follows were accepted")


async def inbox(stage: Stage, count: int, at_once: int = 32) -> Figures:
    """Signed Create{Note} from people alice follows: taken, stored, in her home timeline."""
    run = secrets.token_hex(4)
    people = list(stage.fakes.people.values())[:20]
    warm = [
        person.post(stage.fakes.node_inbox, person.create(run + "w", n))
        for person in people
        for n in range(10)
    ]
    await http.volley(stage.port, warm, 4)
    await stage.drained()
    # A database younger than a minute knows nothing of its tables and plans badly; any other does.
    await stage.database.execute("ANALYZE")
    requests = [
        people[number % len(people)].post(
            stage.fakes.node_inbox, people[number % len(people)].create(run, number)
        )
        for number in range(count)
    ]
    before, began = stage.meter.read(), time.perf_counter()
    answers = await http.volley(stage.port, requests, at_once)
    left = await stage.waiting()
    drained = await stage.drained()
    stored_s = time.perf_counter() - began
    cpu = Meter.cpu_between(before, stage.meter.read())
    shown = await stage.database.fetchval(
        "SELECT count(*) FROM home_entries h JOIN posts p ON p.id = h.post_id WHERE p.uri LIKE $1",
        f"%/notes/{run}-%",
    )
    states = await stage.database.fetch(
        "SELECT state, code, count(*) AS number FROM inbox_items WHERE activity_uri LIKE $1 GROUP BY 1, 2",
        f"%/notes/{run}-%",
    )
    return {
        "activities": count,
        "at_once": at_once,
        "statuses": answers.statuses,
        "accepted_per_s": round(answers.per_s),
        "stored_per_s": round(count / stored_s),
        "waiting_at_last_answer": left,
        "drain_s": round(stored_s - answers.wall_s, 2),
        "drained": drained,
        "in_home_timeline": shown,
        "states": {f"{row['state']} {row['code']}".strip(): row["number"] for row in states},
        "answer_p50_ms": round(answers.percentile_ms(0.5), 1),
        "answer_p99_ms": round(answers.percentile_ms(0.99), 1),
        "cpu_ms_each": _per(cpu, count),
    }


async def gather_followers(stage: Stage) -> None:
    """Every fake person follows alice, by signed Follow, and is accepted."""
    target = (await stage.api("GET", "/api/v1/accounts/verify_credentials"))["uri"]
    people = list(stage.fakes.people.values())
    accepted = stage.fakes.count("Accept")
    requests = [
        person.post(
            stage.fakes.node_inbox, person.activity("Follow", f"follow-{secrets.token_hex(4)}", target)
        )
        for person in people
    ]
    answers = await http.volley(stage.port, requests, 8)
    wanted = accepted + len(people)
    if not await stage.fakes.until("Accept", wanted, 90):
        raise ValueError(
            f"{stage.fakes.count('Accept')} of {wanted} follows accepted; answers {answers.statuses}"
        )


async def fan_out(stage: Stage, delay_s: float, rounds: int) -> Figures:
    """One post of alice to every fake host: from pressing the button to the last arrival."""
    hosts = len({person.origin for person in stage.fakes.people.values()})
    stage.fakes.delay_s = delay_s
    last_s, answer_s, before = [], [], stage.meter.read()
    for number in range(rounds):
        wanted = stage.fakes.count("Create") + hosts
        began = time.perf_counter()
        await stage.api(
            "POST", "/api/v1/statuses", {"status": f"The {number}th harvest is in.", "visibility": "public"}
        )
        answer_s.append(time.perf_counter() - began)
        if not await stage.fakes.until("Create", wanted, 60):
            raise ValueError(f"{stage.fakes.count('Create')} of {wanted} deliveries came")
        last_s.append(max(when for when, _ in stage.fakes.arrived["Create"]) - began)
        await asyncio.sleep(0.5)  # let connections of the last round be given back
    cpu = Meter.cpu_between(before, stage.meter.read())
    stage.fakes.delay_s = 0.0
    return {
        "hosts": hosts,
        "peer_delay_s": delay_s,
        "rounds": rounds,
        "last_arrival_s": [round(seconds, 3) for seconds in last_s],
        "last_arrival_median_s": round(statistics.median(last_s), 3),
        "api_answer_median_ms": round(statistics.median(answer_s) * 1000, 1),
        "cpu_ms_each_delivery": _per(cpu, hosts * rounds),
    }


async def reads(stage: Stage, count: int, at_once: int = 8) -> Figures:
    """Pages and API answers as visitors and programs ask for them."""
    person = (await stage.api("GET", "/api/v1/accounts/verify_credentials"))["uri"]
    pages = {
        "profile page": http.get("/@alice", stage.host),
        "actor document": http.get(
            urllib.parse.urlsplit(person).path, stage.host, Accept="application/activity+json"
        ),
        "public timeline (API)": http.get("/api/v1/timelines/public?limit=20", stage.host),
        "home timeline (API)": http.get(
            "/api/v1/timelines/home?limit=20", stage.host, Authorization=f"Bearer {stage.token}"
        ),
        "front page": http.get("/", stage.host),
        "local timeline page": http.get("/house-news", stage.host),
    }
    found: Figures = {}
    for name, request in pages.items():
        status, body = await http.ask(stage.port, request)
        if status != 200:
            found[name] = {"status": status}
            continue
        before = stage.meter.read()
        answers = await http.volley(stage.port, [request] * count, at_once)
        cpu = Meter.cpu_between(before, stage.meter.read())
        found[name] = {
            "per_s": round(answers.per_s),
            "p50_ms": round(answers.percentile_ms(0.5), 1),
            "p99_ms": round(answers.percentile_ms(0.99), 1),
            "body_bytes": len(body),
            "statuses": answers.statuses,
            "cpu_ms_each": _per(cpu, count),
        }
    return found


def memory(stage: Stage) -> Figures:
    """PSS of every part, in MiB."""
    now: dict[str, Usage] = stage.meter.read()
    parts = {part: round(one.pss_mib, 1) for part, one in now.items()}
    return {**parts, "all": round(sum(one.pss_mib for one in now.values()), 1)}
