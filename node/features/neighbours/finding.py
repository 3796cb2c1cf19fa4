"""From what an admin types to the actor of a whole house, or of a relay. Network, never in a transaction.

A house names its actor in NodeInfo (FEP-2677), or by WebFinger for its own address (FEP-d556).
"""

from typing import Any, Final, Literal
from urllib.parse import quote

from federation import strict_json, uris
from federation.budget import FetchBudget
from federation.client import Ask, Limits
from federation.errors import FederationError
from node.errors import N_, NodeError
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.neighbours import service
from node.features.neighbours.store import Form
from node.runtime import Node

_APPLICATION: Final = "https://www.w3.org/ns/activitystreams#Application"
_LIMITS: Final = Limits(max_bytes=256 * 1024)
_MACHINES: Final = ("Application", "Service")
_UNKNOWN: Final = N_("We could not find a house there. Please check the address.")


async def find_house(node: Node, text: str) -> Actor:
    """The actor of a house, by its host or any address of it. Raises: NodeError `invalid`, `peer_unreachable`."""
    origin = _origin(node, text)
    if origin == node.origin:
        raise NodeError("invalid", field="address", text=N_("That is this house itself."))
    budget = FetchBudget(8, 20.0)
    webfinger = f"{origin}/.well-known/webfinger?resource={quote(origin + '/', safe='')}"
    for url, rel in ((f"{origin}/.well-known/nodeinfo", _APPLICATION), (webfinger, "self")):
        uri = await _linked(node, url, rel, budget)
        if uri is not None and uris.same_origin(uri, origin):
            return await _machine(node, uri, budget)
    raise NodeError("invalid", field="address", text=_UNKNOWN)


async def find_relay(node: Node, text: str) -> tuple[Actor, Form]:
    """A relay and how to follow it: by the address of its inbox everything, by its actor's the relay itself.

    Raises: NodeError `invalid`, `peer_unreachable`.
    """
    address = text.strip()
    if not uris.is_http_uri(address) or node.is_ours(address):
        raise NodeError(
            "invalid",
            field="address",
            text=N_("Please give the whole address of the relay, as its own page says it."),
        )
    budget = FetchBudget(4, 15.0)
    if address.endswith("/inbox"):
        return await _machine(node, address.removesuffix("/inbox") + "/actor", budget), "public"
    return await _machine(node, address, budget), "actor"


async def _machine(node: Node, uri: str, budget: FetchBudget) -> Actor:
    try:
        found = await lookup.resolve_uri(node, uri, budget=budget)
    except NodeError as error:
        if error.code == "peer_unreachable":
            raise
        raise NodeError("invalid", field="address", text=_UNKNOWN) from None
    if found.kind not in _MACHINES or found.local:
        raise NodeError("invalid", field="address", text=_UNKNOWN)
    return found


def _origin(node: Node, text: str) -> str:
    text = text.strip().rstrip("/")
    plain = node.config.node.lab and "://" not in text
    try:
        return uris.origin_of(text if "://" in text else f"{'http' if plain else 'https'}://{text}")
    except FederationError:
        raise NodeError("invalid", field="address", text=_UNKNOWN) from None


async def _linked(node: Node, url: str, rel: str, budget: FetchBudget) -> str | None:
    """The link of this kind in a list of links, or None where there is no such list."""

    async def admit(host: str) -> None:
        if await node.directory.is_host_refused(host):
            raise FederationError("host_refused", host, status=403)

    ask = Ask(url, "application/json, application/jrd+json", admit=admit, budget=budget, limits=_LIMITS)
    try:
        reply = await node.client.get(ask)
        document: dict[str, Any] = strict_json.loads(reply.body) if reply.status == 200 else {}
    except FederationError:
        return None
    links = document.get("links")
    for link in links[:50] if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == rel and uris.is_http_uri(link.get("href")):
            return str(link["href"])
    return None


async def add(node: Node, kind: Literal["house", "relay"], address: str) -> str:
    """Find a house or a relay and follow it. Returns `asked` or `accepted`. Raises: as the finding."""
    if kind == "house":
        house = await find_house(node, address)
        async with node.db.tx() as tx:
            return await service.follow_house(tx, node, house.id)
    relay, form = await find_relay(node, address)
    async with node.db.tx() as tx:
        return await service.add_relay(tx, node, relay.id, form)
