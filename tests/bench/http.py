"""A small HTTP/1.1 client for load: keep-alive, requests made beforehand, little CPU of its own.

On a machine with two cores every microsecond of the generator is taken from the node.
"""

import asyncio
import time
from collections.abc import Sequence

import msgspec


class Answers(msgspec.Struct, frozen=True):
    """What came of a volley: seconds in all, seconds of each request, statuses."""

    wall_s: float
    each_s: list[float]
    statuses: dict[int, int]

    def percentile_ms(self, share: float) -> float:
        """The time that this share of requests stayed under."""
        ordered = sorted(self.each_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

    @property
    def per_s(self) -> float:
        """Requests a second."""
        return len(self.each_s) / self.wall_s


def get(path: str, host: str, **headers: str) -> bytes:
    """A GET request as it goes over the wire."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {text}" for name, text in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes]:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    fields = head.lower()
    at = fields.find(b"\r\ncontent-length:")
    if at >= 0:
        length = int(fields[at + 17 : fields.index(b"\r\n", at + 2)])
        return status, await reader.readexactly(length)
    if b"\r\ntransfer-encoding: chunked" not in fields:
        return status, b""
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return status, body


async def ask(port: int, request: bytes) -> tuple[int, bytes]:
    """One request over a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await _exchange(reader, writer, request)
    finally:
        writer.close()


async def volley(port: int, requests: Sequence[bytes], at_once: int) -> Answers:
    """Send all requests over `at_once` connections, each connection one after the other."""
    waiting = iter(requests)
    each_s: list[float] = []
    statuses: dict[int, int] = {}

    async def gun() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for request in waiting:
            began = time.perf_counter()
            status, _ = await _exchange(reader, writer, request)
            each_s.append(time.perf_counter() - began)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(gun() for _ in range(at_once)))
    return Answers(time.perf_counter() - began, each_s, statuses)
