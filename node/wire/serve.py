"""Answering other nodes' GETs: what they asked for, who they are, how the answer may be cached.

What is public is served to anybody; whatever is not needs a signature, and the answer says
`private, no-store`. Hidden things look exactly like missing ones (404).
Spec: AP §3.2, §7; content negotiation as wire formats are really spoken.
"""

from aiohttp import web

from federation import strict_json, vocab
from federation.errors import FederationError
from federation.inbox import SignedRequest
from federation.signatures.verify import verify
from node.appkeys import NODE
from node.runtime import Node
from node.wire.store import arrivals as store
from node.wire.store.arrivals import Known

MEDIA_TYPE = "application/activity+json; charset=utf-8"
_PUBLIC_S = 180
PUBLIC_HEADERS = {
    "Content-Type": MEDIA_TYPE,
    "Vary": "Accept, Signature",
    "Cache-Control": f"public, max-age={_PUBLIC_S}",
}


def wants_activity(request: web.Request) -> bool:
    """Whether the request asks for ActivityPub rather than a page."""
    accept = request.headers.get("Accept", "").lower()
    if "application/activity+json" in accept:
        return True
    if "application/ld+json" not in accept:
        return False
    return "text/html" not in accept or "activitystreams" in accept


def wants_page(request: web.Request) -> bool:
    """Whether a browser asks, for what has a page of its own."""
    return not wants_activity(request) and "text/html" in request.headers.get("Accept", "").lower()


async def signer_of(request: web.Request) -> Known | None:
    """The known actor who signed this GET, or None; a wrong signature is like none."""
    owner = await signing_uri_of(request)
    if owner is None:
        return None
    async with request.app[NODE].db.read() as tx:
        found = await store.list_known(tx, [owner])
    return found.get(owner)


async def signing_uri_of(request: web.Request) -> str | None:
    """The address of whoever signed this GET, known here or not; None for nobody."""
    if "Signature" not in request.headers:
        return None
    node = request.app[NODE]
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers)
    signed = SignedRequest(request.method, request.raw_path, headers, b"")
    try:
        key = await verify(
            signed, directory=node.directory, fetcher=node.fetcher, now=node.clock.now(), origin=node.origin
        )
        if await node.directory.is_host_refused(key.owner.split("/")[2]):
            return None
    except FederationError:
        return None
    return key.owner


def answer(thing: vocab.Thing, *, public: bool = True, status: int = 200) -> web.Response:
    """A document as ActivityPub; not `public` means only this asker may have it."""
    return answer_document(vocab.write(thing), public=public, status=status)


def answer_document(document: object, *, public: bool = True, status: int = 200) -> web.Response:
    """As `answer`, for a document that is ready."""
    return web.Response(
        body=strict_json.dumps(document),
        status=status,
        headers={
            "Content-Type": MEDIA_TYPE,
            "Vary": "Accept, Signature",
            "Cache-Control": f"public, max-age={_PUBLIC_S}" if public else "private, no-store",
        },
    )


def answer_gone(uri: str, former_type: str) -> web.Response:
    """410 with a Tombstone that says nothing of what was there."""
    return answer(vocab.Tombstone(id=uri, former_type=former_type or None), status=410)


def answer_missing() -> web.Response:
    """404, the same for what never was and for what the asker may not see."""
    return web.json_response(
        {"error": "not_found"}, status=404, headers={"Cache-Control": "private, no-store"}
    )


def page_uri(collection: str, before_id: int) -> str:
    """The address of a page of a collection; a path, as peers disagree on signing queries."""
    return f"{collection}/page/{before_id}"


def page_of(uri: str, after: int, addresses: tuple[str, ...], last: int | None) -> vocab.Collection:
    """A page of the list at `uri`: what is younger than `after`; another follows the one numbered `last`."""
    return vocab.Collection(
        id=page_uri(uri, after),
        type="OrderedCollectionPage",
        part_of=uri,
        next=page_uri(uri, last) if last is not None else None,
        items=addresses,
    )


def collection(node: Node, uri: str, total: int, *, first: str | None = None) -> vocab.Collection:
    """An OrderedCollection; without `first` its members stay hidden."""
    return vocab.Collection(id=uri, type="OrderedCollection", total_items=total, first=first)
