"""What the web server itself costs: the least that any answer of a node can take on this machine.

Three servers give the same small answer: a bare protocol that parses nothing, aiohttp's server without an
application, and an empty application with its router. Run by hand: `python -m tests.bench.floor`.
"""

import asyncio
import sys
from typing import cast

import uvloop
from aiohttp import web

from tests.bench import http, meter
from tests.lab import free_port

_BODY = b'{"a":1}' * 200
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "public, max-age=180", "Vary": "Accept"}
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(_BODY) + _BODY
KINDS = ("bare protocol", "server alone", "empty application")
_TIMES = 20_000


class _Bare(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            self._transport.write(_ANSWER)


async def _answer(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=_BODY, headers=_HEADERS)


async def _serve(kind: str, port: int) -> None:
    if kind == KINDS[0]:
        await asyncio.get_running_loop().create_server(_Bare, "127.0.0.1", port)
    else:
        runner: web.BaseRunner = web.ServerRunner(web.Server(_answer, access_log=None))
        if kind == KINDS[2]:
            app = web.Application()
            app.router.add_get("/x", _answer)
            runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


async def _measure(kind: str) -> str:
    port = free_port()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.floor", kind, str(port), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        await child.stdout.readline()
        request = http.get("/x", "localhost", Accept="application/activity+json")
        await http.volley(port, [request] * 1000, 8)
        before = meter.usage(child.pid).cpu_s
        answers = await http.volley(port, [request] * _TIMES, 8)
        cpu_ms = (meter.usage(child.pid).cpu_s - before) * 1000 / _TIMES
        return f"{kind:20} {answers.per_s:7.0f}/s for eight readers, CPU {cpu_ms:.3f} ms each"
    finally:
        child.kill()
        await child.wait()


async def _all() -> None:
    for kind in KINDS:
        print(await _measure(kind), flush=True)


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1], int(sys.argv[2])) if len(sys.argv) > 2 else _all())
