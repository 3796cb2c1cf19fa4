"""The JSON-LD contexts this package brings along; none is ever fetched. Called by `jsonld` and `compacting`."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any, Final

from federation.vocab.terms import CID, SECURITY, WEBFINGER
from federation.vocab.values import AS

FILES: Final[dict[str, str]] = {
    AS: "activitystreams",
    SECURITY: "security-v1",
    CID: "cid-v1",
    "https://w3id.org/security/multikey/v1": "security-multikey-v1",
    WEBFINGER: "webfinger",
    "https://w3id.org/identity/v1": "identity-v1",
    "https://w3id.org/security/data-integrity/v1": "security-data-integrity-v1",
    "https://w3id.org/security/data-integrity/v2": "security-data-integrity-v2",
    "https://www.w3.org/ns/did/v1": "did-v1",
    "https://purl.archive.org/miscellany": "miscellany",
    "https://join-lemmy.org/context.json": "join-lemmy",
    "https://join-lemmy.org/static/context.json": "join-lemmy",
    "https://litepub.social/litepub/context.jsonld": "litepub",
    "http://joinmastodon.org/ns": "joinmastodon",
    "http://joinmastodon.org/ns#": "joinmastodon",
    "http://schema.org": "schemaorg",
    "http://schema.org#": "schemaorg",
    "http://schema.org/": "schemaorg",
    "https://schema.org": "schemaorg",
    "https://schema.org/": "schemaorg",
    "https://gotosocial.org/ns": "gotosocial",
    "https://w3id.org/fep/5711": "fep-5711",
}


@cache
def bundled(url: str) -> dict[str, Any] | None:
    """The bundled document of a context address; None for one we do not have."""
    name = "litepub" if url.endswith("litepub-0.1.jsonld") else FILES.get(url)
    if name is None:
        return None
    text = resources.files("federation").joinpath("contexts", f"{name}.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
