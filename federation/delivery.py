"""Delivering one activity to one inbox, and what the answer means.

Owns the table from answers to outcomes, the second knock with another signature, what a peer's
wish for signatures changes, the clamp on what peers may ask us to wait, and the backoff schedule.
Never stores an outcome and never picks recipients: the host application does.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

import msgspec

from federation.client import DELIVERY_S, Reply
from federation.errors import FederationError
from federation.keys import Signer
from federation.signatures import cavage, rfc9421, wishes
from federation.signatures.desk import SigningDesk
from federation.signatures.message import Outgoing, Style, parse_date
from federation.signatures.wishes import Wish

MIN_WAIT_S: Final = 30
MAX_WAIT_S: Final = 24 * 3600
JITTER: Final = 0.2
_FIRST_DELAYS_S: Final = (60, 300, 1800, 7200, 28800)
_DAY_S: Final = 24 * 3600
# With the first ten and a half hours, six daily tries end within the seven days we promise.
_DAILY_TRIES: Final = 6
# A host that was silent for all of that is asked ever more seldom, until it is heard of.
_REST_DAYS: Final = (2, 4, 7)
# Answers that may be about our signature rather than about the activity.
_KNOCK_AGAIN: Final = frozenset((400, 401))
_LATER: Final = frozenset((401, 408, 425, 429))


class Pens(msgspec.Struct, frozen=True):
    """The keys of one sender: RSA, which everybody reads, and Ed25519 for those who said they take it."""

    rsa: Signer
    ed25519: Signer | None = None


class Carrier(Protocol):
    """What brings messages to peers: `federation.client.Client`, or what stands before it."""

    @property
    def desk(self) -> SigningDesk:
        """Where messages are signed."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Reply:
        """As `Client.post`."""


class Delivered(msgspec.Struct, frozen=True, tag=True):
    """The peer has it; `style` is the way of signing to remember for this host."""

    style: Style


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


def next_rest(failures: int, rng: random.Random) -> int:
    """Seconds to leave a host alone after its `failures`-th silence in a row (from 1).

    As `next_delay`, then 2, 4 and at last every 7 days; never more than 7 days, jitter included.
    """
    delay = next_delay(failures, rng)
    if delay is None:
        late = min(failures - len(_FIRST_DELAYS_S) - _DAILY_TRIES, len(_REST_DAYS))
        delay = round(_REST_DAYS[late - 1] * _DAY_S * rng.uniform(1 - JITTER, 1))
    return delay


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


def judge(reply: Reply, style: Style, now: datetime) -> Outcome:
    """What an answer means for the sender."""
    status = reply.status
    if 200 <= status < 300:
        return Delivered(style)
    if status in (404, 410):
        return Gone(certain=status == 410)
    if status in _LATER or (status >= 500 and status != 501):
        return Later(f"http_{status}", parse_retry_after(reply.headers.get("Retry-After", ""), now))
    return Refused(f"http_{status}")


def _wish(reply: Reply, pens: Pens) -> Wish | None:
    """What the peer asks for in `Accept-Signature`, where we have a key for it."""
    wish = wishes.read(reply.headers.get("Accept-Signature", ""))
    if wish is not None and wish.algorithm == "ed25519" and pens.ed25519 is None:
        return None
    return wish


class _Knock(msgspec.Struct, frozen=True):
    """One try: the message, in which way it is signed, and whose wish that fulfils."""

    message: Outgoing
    pens: Pens
    style: Style
    wish: Wish | None = None

    def headers(self, now: datetime) -> dict[str, str]:
        """All headers to send."""
        if self.style == "cavage":
            return cavage.sign(self.message, self.pens.rsa, now)
        signer = self.pens.ed25519 if self.style == "ed25519" else None
        return rfc9421.sign(self.message, signer or self.pens.rsa, now, self.wish)


async def _knock(client: Carrier, knock: _Knock, now: datetime) -> Reply | Later | Refused:
    message = knock.message
    try:
        if knock.style == "ed25519":
            headers = knock.headers(now)  # a fifth of what handing it to a thread costs
        else:
            headers = await client.desk.sign(lambda: knock.headers(now))
        return await client.post(message.url, message.body or b"", headers, seconds=DELIVERY_S)
    except FederationError as error:
        return Refused(error.code) if error.permanent else Later(error.code)


def _deserves_second_knock(reply: Reply, style: Style | None) -> bool:
    if reply.status in _KNOCK_AGAIN:
        return True
    # Some peers fall over a scheme they cannot read; ask once while we do not know them.
    return style is None and reply.status >= 500 and "Retry-After" not in reply.headers


def _second(message: Outgoing, pens: Pens, first: Style, reply: Reply) -> _Knock:
    wish = _wish(reply, pens)
    if wish is not None:
        asked: Style = "ed25519" if wish.algorithm == "ed25519" else "rfc9421"
        if asked != first or wish.nonce:
            return _Knock(message, pens, asked, wish)
    return _Knock(message, pens, "rfc9421" if first == "cavage" else "cavage")


def _to_remember(used: Style, reply: Reply, pens: Pens) -> Style:
    """Ed25519 from now on, where the peer said with its yes that it takes it."""
    wish = _wish(reply, pens)
    return "ed25519" if wish is not None and wish.algorithm == "ed25519" and not wish.nonce else used


async def post(
    client: Carrier, message: Outgoing, pens: Pens, now: datetime, style: Style | None = None
) -> Outcome:
    """Posts an activity to an inbox, once or, where the signature may be to blame, twice.

    `style` is the way of signing remembered for this host; without it draft-cavage goes first, which
    every peer reads. A second knock is signed as the answer's `Accept-Signature` asks, else in the
    other scheme. Never raises for anything a peer does. Spec: RFC 9421 §5.
    """
    first: Style = style or "cavage"
    if first == "ed25519" and pens.ed25519 is None:
        first = "rfc9421"
    answer = await _knock(client, _Knock(message, pens, first), now)
    if not isinstance(answer, Reply):
        return answer
    if _deserves_second_knock(answer, style):
        second = _second(message, pens, first, answer)
        reply = await _knock(client, second, now)
        if isinstance(reply, Reply) and 200 <= reply.status < 300:
            return Delivered(second.style)
    outcome = judge(answer, first, now)
    # The answer to the form this peer is expected to read says more than the second one.
    return Delivered(_to_remember(first, answer, pens)) if isinstance(outcome, Delivered) else outcome
