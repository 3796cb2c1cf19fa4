"""JSON-LD at arm's length: contexts from this package only, and a check that nobody plays with them.

We read plain JSON. That is safe only while JSON-LD readers see the same document, so `plain`
refuses whatever could make the two views differ: redefined core terms, `@graph`, `@reverse` and
their like. Documents that are not written in the usual short form are compacted by PyLD, in
this process, under limits, and must then agree with the plain view. Nothing here touches the
network and nothing canonicalises. Called by the host application before `vocab.read`.
Spec: JSON-LD 1.1; threats JSN-06, JSN-07, RES-15.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any, Final

from federation.errors import FederationError
from federation.vocab.terms import CID, SECURITY, WEBFINGER, everything
from federation.vocab.values import AS, PUBLIC, as_list, ref, refs

Document = dict[str, Any]

MAX_NODES: Final = 3_000
MAX_CONTEXTS: Final = 24
MAX_TERMS: Final = 600
MAX_COMPACTED_VALUES: Final = 300
"""PyLD takes up to 0.25 ms for each value, so what it is given is small: 75 ms at worst (RES-15)."""

_FILES: Final[dict[str, str]] = {
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
_FORBIDDEN: Final = frozenset({"@graph", "@included", "@reverse", "@nest", "@import", "@propagate"})
_EXPANDED: Final = frozenset({"@value", "@list", "@set", "@language"})
# AS2 terms that peers define anew in good faith, and that carry no authority here.
_REDEFINED_IN_PRACTICE: Final = frozenset(
    {"location", "image", "duration", "subject", "relationship", "rel", "units", "radius", "accuracy"}
)
_CORE_SECURITY: Final = frozenset(
    {"publicKey", "publicKeyPem", "owner", "assertionMethod", "controller", "publicKeyMultibase", "proof"}
)
_AS_SPELLINGS: Final = ("as:", AS + "#")
_SECURITY_SPELLINGS: Final = ("sec:", "https://w3id.org/security#")
_PREFIXES: Final[dict[str, tuple[str, ...]]] = {
    "as": (AS + "#",),
    "sec": ("https://w3id.org/security#", "https://w3id.org/security/v1#"),
}
_KEYWORD_ALIASES: Final = {"id": "@id", "type": "@type"}


@cache
def bundled(url: str) -> Document | None:
    """The bundled document of a context address; None for one we do not have."""
    name = "litepub" if url.endswith("litepub-0.1.jsonld") else _FILES.get(url)
    if name is None:
        return None
    text = resources.files("federation").joinpath("contexts", f"{name}.json").read_text("utf-8")
    document: Document = json.loads(text)
    return document


@cache
def _core_terms() -> frozenset[str]:
    """What AS2 defines: identity, authority, addressing, types. None may be given another meaning."""
    document = bundled(AS) or {}
    prefixes = {"id", "type", "as", "xsd", "ldp", "vcard", "@vocab"}
    return frozenset(document["@context"]) - prefixes - _REDEFINED_IN_PRACTICE


def _load(url: str, _options: Any = None) -> Document:
    """PyLD's loader: never the network. A context we lack is taken to be AS2 and nothing more."""
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": bundled(url) or {"@context": AS},
    }


def _refuse(code: str, detail: str) -> None:
    raise FederationError(code, detail[:100])


def _check_term(term: str, meaning: Any) -> None:
    if type(meaning) is dict:
        if not _FORBIDDEN.isdisjoint(meaning) or "@context" in meaning:
            _refuse("jsonld_forbidden", term)
        # A definition without @id keeps the term's own meaning.
        meaning = meaning.get("@id", term)
    if term.startswith("@"):
        if term not in ("@language", "@version", "@vocab", "@base", "@protected", "@direction"):
            _refuse("jsonld_forbidden", term)
        if term in ("@vocab", "@base") and meaning not in (AS + "#", "as:", "_:", None, ""):
            _refuse("context_redefines", term)
        return
    if type(meaning) is str and meaning.startswith("@") and _KEYWORD_ALIASES.get(term) != meaning:
        _refuse("context_redefines", term)
    if term in _KEYWORD_ALIASES and meaning not in (_KEYWORD_ALIASES[term], term):
        _refuse("context_redefines", term)
    if term in _PREFIXES and meaning not in _PREFIXES[term]:
        _refuse("context_redefines", term)
    if term in _core_terms() and meaning != term and meaning not in [start + term for start in _AS_SPELLINGS]:
        _refuse("context_redefines", term)
    if term in _CORE_SECURITY and meaning != term and meaning not in [s + term for s in _SECURITY_SPELLINGS]:
        _refuse("context_redefines", term)


def _check_context(context: Any) -> tuple[int, int]:
    """How many contexts and terms it holds. Raises: as `plain`."""
    contexts = terms = 0
    items = context if type(context) is list else [context]
    for item in items:
        contexts += 1
        if item is None and len(items) > 1:
            # A null takes away what stood before it.
            _refuse("context_redefines", "null")
        if type(item) is not dict:
            continue
        terms += len(item)
        if contexts > MAX_CONTEXTS or terms > MAX_TERMS:
            _refuse("jsonld_too_big", "contexts")
        for term, meaning in item.items():
            _check_term(term, meaning)
    return contexts, terms


def check(document: Document) -> None:
    """Refuses whatever would make JSON-LD readers see another document than we do.

    Raises: `jsonld_forbidden`, `context_redefines`, `jsonld_too_big`.
    """
    pending: list[Any] = [document]
    contexts = terms = nodes = 0
    while pending:
        value = pending.pop()
        nodes += 1
        if type(value) is list:
            pending += [inner for inner in value if type(inner) is dict or type(inner) is list]
            continue
        if not _FORBIDDEN.isdisjoint(value):
            _refuse("jsonld_forbidden", ",".join(_FORBIDDEN & value.keys()))
        if "@context" in value:
            more_contexts, more_terms = _check_context(value["@context"])
            contexts, terms = contexts + more_contexts, terms + more_terms
        pending += [
            inner
            for key, inner in value.items()
            if (type(inner) is dict or type(inner) is list) and key != "@context"
        ]
        if nodes + len(pending) > MAX_NODES or contexts > MAX_CONTEXTS or terms > MAX_TERMS:
            _refuse("jsonld_too_big", f"{nodes} nodes")


def _is_long_key(key: str) -> bool:
    return key.startswith(("as:", "http://", "https://"))


def needs_compaction(document: Document) -> bool:
    """Whether the document is written otherwise than in the usual short form.

    True for long keys (`as:actor`, full IRIs, `@value`) on top or in the object, and when no
    context named is one we know. Contexts we lack beside AS2 are ignored terms, nothing more.
    """
    inner = document.get("object")
    for part in (document, inner) if type(inner) is dict else (document,):
        # One search over all keys: nearly every document has neither sign in any of them.
        has_colon = ":" in "\n".join(part)
        if not _EXPANDED.isdisjoint(part) or (has_colon and any(map(_is_long_key, part))):
            return True
    context = document.get("@context")
    names = [item for item in as_list(context) if type(item) is str]
    return bool(names) and not any(name == AS or bundled(name) is not None for name in names)


def _check_weight(document: Document) -> None:
    """Raises: `jsonld_too_big` above `MAX_COMPACTED_VALUES` values, contexts not counted."""
    pending: list[Any] = [document]
    weight = 0
    while pending:
        value = pending.pop()
        weight += 1
        if type(value) is dict:
            pending += [inner for key, inner in value.items() if key != "@context"]
        elif type(value) is list:
            pending += value
        if weight + len(pending) > MAX_COMPACTED_VALUES:
            _refuse("jsonld_too_big", "to compact")


def compact(document: Document) -> Document:
    """The document in our one context, by PyLD. Never on the hot path: 2 ms and more.

    Raises: as `plain`, and `jsonld_failed` for what is not JSON-LD.
    """
    check(document)
    _check_weight(document)
    # PyLD is slow to import and most processes never meet such a document.
    from pyld import jsonld

    context = [AS, SECURITY, CID, everything()]
    options = {"documentLoader": _load, "processingMode": "json-ld-1.1"}
    if "@context" not in document:
        document = {"@context": AS, **document}
    try:
        compacted = jsonld.compact(document, {"@context": context}, options)
    except (jsonld.JsonLdError, RecursionError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FederationError("jsonld_failed", type(error).__name__) from None
    if type(compacted) is not dict or "@graph" in compacted:
        raise FederationError("jsonld_failed", "several documents")
    return compacted


_SINGLE: Final = ("id", "type", "actor", "object", "target", "attributedTo", "inReplyTo", "origin", "result")
_LISTS: Final = ("to", "cc", "audience")


def _bare_types(value: Any) -> set[str]:
    names = (name for name in as_list(value) if type(name) is str)
    return {name.rpartition("#")[2].rpartition(":")[2] for name in names}


def _agree(seen: Document, meant: Document) -> None:
    for key in meant:
        # What stays long after compacting is a core term used as a literal: others may read it.
        if key.startswith(_AS_SPELLINGS) and key.rpartition("#")[2].rpartition(":")[2] in _core_terms():
            raise FederationError("jsonld_disagrees", key[:100])
    for term in _SINGLE:
        plain_value = seen.get(term, seen.get("@" + term))
        if term == "type":
            same = _bare_types(plain_value) == _bare_types(meant.get(term))
        else:
            same = refs(plain_value, MAX_NODES) == refs(meant.get(term), MAX_NODES)
        if not same:
            raise FederationError("jsonld_disagrees", term)
    for term in _LISTS:
        if set(refs(seen.get(term), MAX_NODES)) != set(refs(meant.get(term), MAX_NODES)):
            raise FederationError("jsonld_disagrees", term)
    inner, inner_meant = seen.get("object"), meant.get("object")
    if type(inner) is dict and type(inner_meant) is dict:
        _agree(inner, inner_meant)
    elif type(inner) is dict and len(inner) > 1 and ref(inner) != PUBLIC:
        raise FederationError("jsonld_disagrees", "object")


def plain(document: Document) -> Document:
    """The document to read, once it is sure that plain reading and JSON-LD reading agree.

    Raises: `jsonld_forbidden`, `context_redefines`, `jsonld_too_big`, `jsonld_disagrees`,
    `jsonld_failed`; all mean status 400.
    """
    check(document)
    if needs_compaction(document):
        _agree(document, compact(document))
    return document
