"""Serving files: our own by key, others' by signed address.

Every answer says what it is by our own table, forbids guessing, and is shut in a sandbox, so a
file that is also a program stays a file (MED-02, CSP-02). Looks in no table of the database:
who knows a key may see the file.
"""

from pathlib import Path

from aiohttp import web

from node.appkeys import NODE
from node.errors import NodeError
from node.features.media import kinds, proxy
from node.features.media.storage import storage_of

# Two weeks, not for ever: what is deleted here should fade from shared caches too.
_CACHE = "public, max-age=1209600, immutable"


def _answer(path: Path, kind: kinds.Kind) -> web.FileResponse:
    disposition = "inline" if kind.show in ("image", "video", "audio") else "attachment"
    return web.FileResponse(
        path,
        headers={
            "Content-Type": kind.mime,
            "Content-Disposition": disposition,
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": _CACHE,
        },
    )


async def show_file(request: web.Request) -> web.StreamResponse:
    """`/media/files/{key}`: a file of ours, in parts when asked for parts."""
    key = request.match_info["key"]
    kind = kinds.kind_of_key(key)
    if kind is None:
        raise NodeError("not_found", detail="media file")
    return _answer(await storage_of(request.app[NODE]).files.fetch(key), kind)


async def show_remote(request: web.Request) -> web.StreamResponse:
    """`/media/proxy/{signature}/{payload}`: somebody else's file, fetched once and kept for a while."""
    node = request.app[NODE]
    remote_url, size = proxy.read_address(
        proxy.signing_key(node), request.match_info["signature"], request.match_info["payload"]
    )
    path = await proxy.get_file(node, remote_url, size)
    with path.open("rb") as file:
        kind = kinds.sniff(file.read(kinds.SNIFF_BYTES))
    # The same address may have been kept as a film and now be asked for as a picture.
    if kind is None or (kind.show != "image" and size != "media"):
        raise NodeError("not_found", detail="media kind")
    return _answer(path, kind)
