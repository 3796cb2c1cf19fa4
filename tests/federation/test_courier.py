"""The transport of deliveries: lines are kept, broken ones replaced, and no answer holds anybody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from federation.client import Client, ClientPolicy
from federation.errors import FederationError
from tests.federation.peers import ORIGIN, Names

TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
Turn = Callable[[asyncio.StreamWriter], Awaitable[None]]


class RawPeer:
    """A server that says exactly what it is told: one turn for each request, the last one again and again."""

    def __init__(self) -> None:
        self.turns: list[Turn] = [say(TAKEN)]
        self.lines = 0
        self.bodies: list[bytes] = []
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        policy = ClientPolicy(allow_http=True, allowed_addresses=(("127.0.0.1", self.port),))
        self.client = Client(policy, origin=ORIGIN, resolver=Names({}))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
                await turn(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def post(self, body: bytes = b"{}", seconds: float = 5.0) -> int:
        url = f"http://peer.test:{self.port}/inbox"
        return (await self.client.post(url, body, {}, seconds=seconds)).status

    async def stop(self) -> None:
        await self.client.close()
        self._server.close()


def say(*parts: bytes, then_close: bool = False) -> Turn:
    async def turn(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        if then_close:
            writer.close()

    return turn


@pytest.fixture
async def raw() -> AsyncIterator[RawPeer]:
    peer = RawPeer()
    await peer.start()
    yield peer
    await peer.stop()


async def test_deliveries_to_one_host_share_a_line(raw: RawPeer) -> None:
    assert [await raw.post(b"%d" % n) for n in range(5)] == [202] * 5
    assert raw.lines == 1 and raw.bodies == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_kept_line_that_was_hung_up_is_replaced_without_a_word(raw: RawPeer) -> None:
    raw.turns = [say(TAKEN, then_close=True), say(TAKEN)]
    assert [await raw.post(), await raw.post()] == [202, 202]
    assert raw.lines == 2 and len(raw.bodies) == 2


async def test_a_new_line_that_is_hung_up_is_not_tried_again(raw: RawPeer) -> None:
    raw.turns = [say(then_close=True)]
    with pytest.raises(FederationError) as refusal:
        await raw.post()
    assert refusal.value.code == "unreachable" and not refusal.value.permanent
    assert len(raw.bodies) == 1


ANSWERS: dict[str, tuple[Turn, int]] = {
    "in pieces": (say(*(TAKEN[n : n + 1] for n in range(len(TAKEN)))), 202),
    "after a go-on": (say(b"HTTP/1.1 100 Continue\r\n\r\n", TAKEN), 202),
    "until the end of the line": (say(b"HTTP/1.0 200 OK\r\n\r\nyes", then_close=True), 200),
    "cut off after its head": (say(b"HTTP/1.1 202 A\r\nContent-Length: 9\r\n\r\nx", then_close=True), 202),
    "endless": (
        say(
            b"HTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n",
            *[b"ffff\r\n" + b"x" * 65535 + b"\r\n"] * 3,
        ),
        202,
    ),
    "redirect": (say(b"HTTP/1.1 307 T\r\nLocation: http://evil.test/\r\nContent-Length: 0\r\n\r\n"), 307),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_a_status_is_an_answer_whatever_follows_it(raw: RawPeer, case: str) -> None:
    turn, status = ANSWERS[case]
    raw.turns = [turn, say(TAKEN)]
    assert await raw.post() == status
    assert await raw.post() == 202


BROKEN: dict[str, Turn] = {
    "not HTTP": say(b"220 mail.example ESMTP\r\n"),
    "endless head": say(*[b"HTTP/1.1 202 A\r\n", *[b"X-A: " + b"y" * 8000 + b"\r\n"] * 12]),
    "two lengths": say(b"HTTP/1.1 202 A\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n"),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_what_is_no_answer_is_a_passing_fault(raw: RawPeer, case: str) -> None:
    raw.turns = [BROKEN[case], say(TAKEN)]
    with pytest.raises(FederationError) as refusal:
        await raw.post()
    assert refusal.value.code == "unreachable"
    assert await raw.post() == 202 and raw.lines == 2  # and never on that line again


async def test_an_answer_nobody_asked_for_is_never_taken_for_the_next(raw: RawPeer) -> None:
    raw.turns = [say(TAKEN + b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"), say(TAKEN)]
    assert [await raw.post(), await raw.post()] == [202, 202]


async def test_a_head_that_never_ends_costs_the_deadline_and_the_line(raw: RawPeer) -> None:
    raw.turns = [say(b"HTTP/1.1 202 A\r\n"), say(TAKEN)]
    with pytest.raises(FederationError) as refusal:
        await raw.post(seconds=0.2)
    assert refusal.value.code == "timed_out"
    assert await raw.post() == 202 and raw.lines == 2


async def test_a_header_of_two_lines_never_leaves(raw: RawPeer) -> None:
    with pytest.raises(FederationError):
        await raw.client.post(f"http://peer.test:{raw.port}/inbox", b"", {"X": "a\r\nY: b"})
    assert raw.lines == 0
