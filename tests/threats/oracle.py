"""What "nothing came of it" means for every row of the threat catalogue, in one place.

Counts of all tables of effects, requests that left the node, log lines with their reason, no arrival that broke, and
an honest activity that works right afterwards.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from federation.client import Client
from federation.errors import FederationError
from node.features.actors.store.reads import Actor
from tests.node.wire.strangers import PUBLIC, Stranger, counted, faults, outcome, run
from tests.rig import Rig, RigNode


class Heard(logging.Handler):
    """Every log line of the node while a test runs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def reasons(self) -> list[str]:
        """The code of every line that gives one."""
        return [str(record.__dict__["code"]) for record in self.records if record.__dict__.get("code")]

    def words(self) -> str:
        """All that was written, to look for what must not be."""
        return "\n".join(f"{record.getMessage()} {record.__dict__}" for record in self.records)


class Connector:
    """Every address the node's client really connected to or got an answer from."""

    def __init__(self) -> None:
        self.reached: list[str] = []

    def watch(self, client: Client) -> None:
        """Look on while this client exchanges messages; what its own guard refuses is no connection."""
        exchange = client._exchange

        async def watched(method: str, url: str, *rest: Any, **more: Any) -> Any:
            try:
                answer = await exchange(method, url, *rest, **more)
            except FederationError as error:
                if error.code != "address_refused":
                    self.reached.append(url)
                raise
            self.reached.append(url)
            return answer

        client._exchange = watched  # type: ignore[method-assign]


class Scene(msgspec.Struct):
    """A node with a member who follows Vera; Eve is elsewhere, known, and means harm."""

    rig: Rig
    node: RigNode
    amina: Actor
    eve: Stranger
    vera: Stranger
    heard: Heard
    connector: Connector

    def mention(self, who: Stranger | None = None) -> dict[str, Any]:
        """An honest Create that our member would be told of."""
        writer = who or self.eve
        note = writer.note(tag=[{"type": "Mention", "href": self.amina.uri}], to=[self.amina.uri, PUBLIC])
        return writer.does("Create", note)

    async def works(self, who: Stranger, *activities: dict[str, Any]) -> list[tuple[str, str]]:
        """Deliver one after the other, work each off, and say how each ended."""
        ends = []
        for activity in activities:
            self.rig.clock.advance(milliseconds=7)
            assert await who.send(self.node, activity, now=self.rig.clock.now()) == 202, activity
            await run(self.node)
            ends.append(await outcome(self.node, activity))
        return ends

    async def before(self) -> dict[str, int]:
        """Rows of everything an activity may touch, but for the arrivals themselves."""
        rows = await counted(self.node)
        rows.pop("inbox_items")
        self.heard.records.clear()
        self.connector.reached.clear()
        return rows

    async def nothing_since(self, before: dict[str, int]) -> None:
        """Nothing came of it, and an honest activity still works. Raises: AssertionError."""
        rows = await counted(self.node)
        rows.pop("inbox_items")
        assert rows == before
        assert await faults(self.node) == []
        assert "PRIVATE KEY" not in self.heard.words()
        assert await self.works(self.eve, self.mention()) == [("done", "")]
