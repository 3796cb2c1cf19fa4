"""Delivering one activity to one inbox, and what the answer means.

Owns the table from answers to outcomes, the second knock with the other signature scheme, the
clamp on what peers may ask us to wait, and the backoff schedule. Never stores an outcome and
never picks recipients: the host application does.
"""

from __future__ import annotations

import asyncio
import random
from datetime import datetime
from typing import Final

import msgspec

from federation.client import DELIVERY_S, Client, Reply
from federation.errors import FederationError
from federation.keys import Signer
from federation.signatures import cavage, rfc9421
from federation.signatures.message import Outgoing, Scheme, parse_date

MIN_WAIT_S: Final = 30
MAX_WAIT_S: Final = 24 * 3600
JITTER: Final = 0.2
_FIRST_DELAYS_S: Final = (60, 300, 1800, 7200, 28800)
_DAY_S: Final = 24 * 3600
# With the first ten and a half hours, six daily tries end within the seven days we promise.
_DAILY_TRIES: Final = 6
# Answers that may be about our signature rather than about the activity.
_KNOCK_AGAIN: Final = frozenset((400, 401))
_LATER: Final = frozenset((401, 408, 425, 429))


class Delivered(msgspec.Struct, frozen=True, tag=True):
    """The peer has it; `scheme` is the way of signing to remember for this host."""

    scheme: Scheme


class Later(msgspec.Struct, frozen=True, tag=True):
    """Try again; after `delay_s` seconds where the peer said so, else by `next_delay`."""

    reason: str
    delay_s: int | None = None


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The peer will never take this activity; others it may."""

    code: str


class Gone(msgspec.Struct, frozen=True, tag=True):
    """No inbox there: retire it. `certain` for 410; a 404 counts only when it repeats."""

    certain: bool


Outcome = Delivered | Later | Refused | Gone


def next_delay(attempt: int, rng: random.Random) -> int | None:
    """Seconds to wait after the `attempt`-th failure (from 1), or None when it is time to give up.

    1 m, 5 m, 30 m, 2 h, 8 h, then daily until seven days have passed; each ±20 %, so that a
    thousand deliveries that failed together do not come back together.
    """
    if attempt > len(_FIRST_DELAYS_S) + _DAILY_TRIES:
        return None
    base = _FIRST_DELAYS_S[attempt - 1] if attempt <= len(_FIRST_DELAYS_S) else _DAY_S
    return round(base * rng.uniform(1 - JITTER, 1 + JITTER))


def parse_retry_after(header: str, now: datetime) -> int | None:
    """Seconds a peer asks us to wait, held between `MIN_WAIT_S` and `MAX_WAIT_S` (REL-21).

    None where it says nothing sensible.
    """
    header = header.strip()
    if header.isascii() and header.isdecimal():
        wait = float(header[:12])
    else:
        try:
            wait = parse_date(header) - now.timestamp()
        except FederationError:
            return None
        if wait < 0:
            return None
    return int(min(max(wait, MIN_WAIT_S), MAX_WAIT_S))


def judge(reply: Reply, scheme: Scheme, now: datetime) -> Outcome:
    """What an answer means for the sender."""
    status = reply.status
    if 200 <= status < 300:
        return Delivered(scheme)
    if status in (404, 410):
        return Gone(certain=status == 410)
    if status in _LATER or (status >= 500 and status != 501):
        return Later(f"http_{status}", parse_retry_after(reply.headers.get("Retry-After", ""), now))
    return Refused(f"http_{status}")


def _headers(message: Outgoing, signer: Signer, now: datetime, scheme: Scheme) -> dict[str, str]:
    sign = cavage.sign if scheme == "cavage" else rfc9421.sign
    return sign(message, signer, now)


async def _knock(
    client: Client, message: Outgoing, signer: Signer, now: datetime, scheme: Scheme
) -> Reply | Later | Refused:
    try:
        # RSA frees the GIL for a quarter of a millisecond, so a thread lets the loop send meanwhile.
        headers = await asyncio.to_thread(_headers, message, signer, now, scheme)
        return await client.post(message.url, message.body or b"", headers, seconds=DELIVERY_S)
    except FederationError as error:
        return Refused(error.code) if error.permanent else Later(error.code)


def _deserves_second_knock(reply: Reply, scheme: Scheme | None) -> bool:
    if reply.status in _KNOCK_AGAIN:
        return True
    # Some peers fall over a scheme they cannot read; ask once while we do not know them.
    return scheme is None and reply.status >= 500 and "Retry-After" not in reply.headers


async def post(
    client: Client,
    url: str,
    body: bytes,
    signer: Signer,
    now: datetime,
    *,
    scheme: Scheme | None = None,
    extra: tuple[tuple[str, str], ...] = (),
) -> Outcome:
    """Posts an activity to an inbox, once or, where the signature may be to blame, twice.

    `scheme` is the one remembered for this host; without it draft-cavage goes first, which every
    peer reads. `extra` headers are sent and signed (FEP-8fcf). Never raises for anything a peer
    does.
    """
    message = Outgoing("POST", url, body, extra=extra)
    first: Scheme = scheme or "cavage"
    answer = await _knock(client, message, signer, now, first)
    if not isinstance(answer, Reply):
        return answer
    if _deserves_second_knock(answer, scheme):
        other: Scheme = "rfc9421" if first == "cavage" else "cavage"
        second = await _knock(client, message, signer, now, other)
        if isinstance(second, Reply) and 200 <= second.status < 300:
            return Delivered(other)
    # The answer to the form this peer is expected to read says more than the second one.
    return judge(answer, first, now)
