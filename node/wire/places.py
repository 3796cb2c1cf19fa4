"""How much is sent at once: few hosts are at hand, many may keep us waiting.

A host holds a place at hand while we work for it: while its delivery is signed, called out and
answered promptly. Whoever is not answered within `PROMPT_S` costs nothing but an open socket; it
gives its place at hand to the next host and waits among thousands, where only files and memory
count. Owned by `deliver`; `rounds` tells it when a peer is asked and when it answered. Knows no
database and starts nothing.
"""

import asyncio
import resource
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from federation.client import Client, Reply
from federation.signatures.desk import SigningDesk
from node.wire.store.queue import HostState

AT_HAND: Final = 256
PROMPT_S: Final = 0.3
BACKLOG: Final = 96  # messages that wait to be signed: then the processor is what is short, not places
_MOST_OPEN: Final = 2048
_OTHER_FILES: Final = 1024  # for the database, fetches, idle lines and the rest
_WISHED_FILES: Final = 16_384


class Place:
    """One host that is worked on. `patient`: it no longer counts among those at hand."""

    __slots__ = ("_asking", "_places", "asked_at", "host", "patient", "slow")

    def __init__(self, places: "Places", host: HostState) -> None:
        self._places = places
        self._asking = 0
        self.asked_at = 0.0
        self.patient = False
        self.host = host.host
        self.slow = host.is_slow

    def ask(self) -> None:
        """The peer has the word from now on."""
        self._asking += 1
        if self._asking == 1 and not self.patient:
            self._places.asked(self)

    def answered(self) -> None:
        """It is our turn again."""
        self._asking -= 1
        if not self._asking:
            self._places.heard(self)


class Places:
    """The places of one process."""

    def __init__(self, most_open: int) -> None:
        self.open: set[Place] = set()
        self._patient = 0
        self._asked: OrderedDict[Place, None] = OrderedDict()  # in the order in which they were asked
        self._most_open = most_open
        # Known quick hosts find room even when all others together fall silent.
        self._most_patient = most_open * 7 // 8

    @property
    def at_hand(self) -> int:
        """How many hosts are worked on."""
        return len(self.open) - self._patient

    def room(self) -> int:
        """How many more hosts may begin."""
        return max(0, min(AT_HAND - self.at_hand, self._most_open - len(self.open)))

    def room_for_strangers(self) -> int:
        """How many of these may be hosts that are not known to be quick."""
        return max(0, min(self.room(), self._most_patient - self._patient))

    def take(self, host: HostState) -> Place:
        """A place for a host, until `leave`."""
        place = Place(self, host)
        self.open.add(place)
        return place

    def leave(self, place: Place) -> None:
        """The host is done with."""
        self.open.discard(place)
        self._asked.pop(place, None)
        self._patient -= place.patient

    def asked(self, place: Place) -> None:
        """A peer was asked; one that is known to be slow is not waited for at hand."""
        if place.slow:
            place.patient = True
            self._patient += 1
            return
        place.asked_at = asyncio.get_running_loop().time()
        self._asked[place] = None

    def heard(self, place: Place) -> None:
        """A peer answered or failed."""
        self._asked.pop(place, None)

    def look(self, late_s: float) -> None:
        """Count those as patient that have kept us waiting; `late_s` is how long we ourselves were busy."""
        before = asyncio.get_running_loop().time() - PROMPT_S - late_s
        while self._asked:
            place = next(iter(self._asked))
            if place.asked_at > before:
                return
            del self._asked[place]
            place.patient = True
            self._patient += 1


class Watched:
    """A client whose waiting is seen by a place; measures how long the peer took in all."""

    def __init__(self, client: Client, place: Place) -> None:
        self._client = client
        self._place = place
        self.waited_s = 0.0

    @property
    def desk(self) -> SigningDesk:
        """Where messages are signed."""
        return self._client.desk

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> Reply:
        """As `Client.post`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._place.ask()
        try:
            return await self._client.post(url, body, headers, seconds=seconds)
        finally:
            self.waited_s += loop.time() - began
            self._place.answered()


def most_open() -> int:
    """How many connections this process may hold open for deliveries; asks for more files where allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _WISHED_FILES if hard == resource.RLIM_INFINITY else min(hard, _WISHED_FILES)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
    files = _WISHED_FILES if soft == resource.RLIM_INFINITY else soft
    return max(AT_HAND, min(_MOST_OPEN, files - _OTHER_FILES))
