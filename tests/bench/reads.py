"""Scenes of reading: pages and API answers as members, visitors, programs and peers ask for them."""

import urllib.parse

from tests.bench import http
from tests.bench.meter import Meter
from tests.bench.stage import Figures, Stage, per


async def reads(stage: Stage, count: int, *, only: tuple[str, ...] = ()) -> Figures:
    """Each page `count` times: by one reader, for how long it takes, and by eight, for how much goes."""
    found: Figures = {}
    for name, request in (await _requests(stage)).items():
        if only and name not in only:
            continue
        status, body = await http.ask(stage.port, request)
        if status != 200:
            found[name] = {"status": status}
            continue
        # Cheap answers are asked for more often, so that clocks of a hundredth of a second can tell.
        times = count * 10 if name in ("actor document", "WebFinger") else count
        await http.volley(stage.port, [request] * max(20, times // 10), 8)
        alone = await http.volley(stage.port, [request] * max(20, times // 4), 1)
        before = stage.meter.read()
        together = await http.volley(stage.port, [request] * times, 8)
        cpu = Meter.cpu_between(before, stage.meter.read())
        found[name] = {
            "body_bytes": len(body),
            "p50_ms": round(alone.percentile_ms(0.5), 1),
            "p99_ms": round(alone.percentile_ms(0.99), 1),
            "per_s_of_eight": round(together.per_s),
            "p99_ms_of_eight": round(together.percentile_ms(0.99), 1),
            "statuses": together.statuses,
            "cpu_ms_each": per(cpu, times),
        }
    return found


async def _requests(stage: Stage) -> dict[str, bytes]:
    person = urllib.parse.urlsplit(
        (await stage.api("GET", "/api/v1/accounts/verify_credentials"))["uri"]
    ).path
    host, program, browser = stage.host, {"Authorization": f"Bearer {stage.token}"}, {"Cookie": stage.cookie}
    acct = urllib.parse.quote(f"acct:alice@{host}")
    return {
        "home timeline (API)": http.get("/api/v1/timelines/home?limit=20", host, **program),
        "home timeline (page)": http.get("/", host, **browser),
        "public timeline (API)": http.get("/api/v1/timelines/public?limit=20", host, **program),
        "local timeline (API)": http.get("/api/v1/timelines/public?local=true&limit=20", host, **program),
        "hashtag (API)": http.get("/api/v1/timelines/tag/tag7?limit=20", host, **program),
        "notifications (API)": http.get("/api/v1/notifications?limit=20", host, **program),
        "notifications (page)": http.get("/notifications", host, **browser),
        "profile (page)": http.get("/@alice", host),
        "house news (page)": http.get("/house-news", host),
        "front page": http.get("/", host),
        "actor document": http.get(person, host, Accept="application/activity+json"),
        "WebFinger": http.get(f"/.well-known/webfinger?resource={acct}", host),
    }
