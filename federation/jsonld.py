"""JSON-LD at arm's length: a check that nobody plays with contexts.

We read plain JSON. That is safe only while JSON-LD readers see the same document, so `check`
refuses whatever could make the two views differ: redefined core terms, `@graph`, `@reverse` and
their like. Documents that are not written in the usual short form are for a processor
(`compacting`). Nothing here touches the network and nothing canonicalises. Called by `documents`.
Spec: JSON-LD 1.1; threats JSN-06, JSN-07, RES-15.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from federation import strict_json
from federation.errors import FederationError
from federation.known_contexts import bundled
from federation.vocab.terms import everything
from federation.vocab.values import AS, as_list

Document = dict[str, Any]

MAX_NODES: Final = 3_000
MAX_CONTEXTS: Final = 24
MAX_TERMS: Final = 600
_FORBIDDEN: Final = frozenset({"@graph", "@included", "@reverse", "@nest", "@import", "@propagate"})
_EXPANDED: Final = frozenset({"@value", "@list", "@set", "@language"})
# AS2 terms that peers define anew in good faith, and that carry no authority here.
_REDEFINED_IN_PRACTICE: Final = frozenset(
    {"location", "image", "duration", "subject", "relationship", "rel", "units", "radius", "accuracy"}
)
_CORE_SECURITY: Final = frozenset(
    {"publicKey", "publicKeyPem", "owner", "assertionMethod", "controller", "publicKeyMultibase", "proof"}
)
AS_SPELLINGS: Final = ("as:", AS + "#")
_SECURITY_SPELLINGS: Final = ("sec:", "https://w3id.org/security#")
_PREFIXES: Final[dict[str, tuple[str, ...]]] = {
    "as": (AS + "#",),
    "sec": ("https://w3id.org/security#", "https://w3id.org/security/v1#"),
}
_KEYWORD_ALIASES: Final = {"id": "@id", "type": "@type"}
_READ_AS_THEY_ARE: Final = {"icons": "as:icon", "expires": "as:endTime"}
"""Second names in use (PeerTube, mbin) that we read by that name or not at all."""
_REMEMBERED: Final = 256
_REMEMBERED_BYTES: Final = 8_192


@cache
def core_terms() -> frozenset[str]:
    """What AS2 defines: identity, authority, addressing, types. None may be given another meaning."""
    document = bundled(AS) or {}
    prefixes = {"id", "type", "as", "xsd", "ldp", "vcard", "@vocab"}
    return frozenset(document["@context"]) - prefixes - _REDEFINED_IN_PRACTICE


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
    if term in core_terms() and meaning != term and meaning not in [start + term for start in AS_SPELLINGS]:
        _refuse("context_redefines", term)
    if term in _CORE_SECURITY and meaning != term and meaning not in [s + term for s in _SECURITY_SPELLINGS]:
        _refuse("context_redefines", term)


class _Look(msgspec.Struct, frozen=True):
    """What one `@context` holds; `renamed` are its words for things that have a word already."""

    contexts: int = 1
    terms: int = 0
    renamed: frozenset[str] = frozenset()


_seen: dict[bytes, _Look] = {}


@cache
def _words() -> Mapping[str, frozenset[str]]:
    """IRI to the words we know it by."""
    found: dict[str, set[str]] = {}
    document = bundled(AS) or {}
    definitions: Document = {**document["@context"], **everything()}
    for term in definitions:
        iri = _resolved(term, definitions)
        if iri.endswith(("#", "/", ":")) or term.startswith("@"):
            continue
        found.setdefault(iri, set()).add(term)
    return {iri: frozenset(terms) for iri, terms in found.items()}


def _resolved(term: Any, definitions: Document, depth: int = 8) -> str:
    """The IRI a word stands for, through the words it is explained with."""
    if type(term) is not str or term.startswith("@"):
        return ""
    if depth == 0:
        # Whoever explains a word by a word by a word wants to be misread.
        _refuse("context_redefines", term)
    meaning = definitions.get(term)
    if type(meaning) is dict:
        meaning = meaning.get("@id", term)
    if type(meaning) is str and meaning != term:
        return _resolved(meaning, definitions, depth - 1)
    prefix, colon, rest = term.partition(":")
    if colon and not rest.startswith("//") and prefix in definitions:
        return _resolved(prefix, definitions, depth - 1) + rest
    return AS + "#" + term if not colon and term in core_terms() else term


def _renames(term: str, definitions: Document) -> bool:
    """Whether a word of a context means what has another name, or abbreviates the core vocabulary."""
    if term.startswith("@") or _READ_AS_THEY_ARE.get(term) == definitions[term]:
        return False
    iri = _resolved(term, definitions)
    if iri and (AS + "#").startswith(iri):
        return term != "as"
    words = _words().get(iri)
    return words is not None and term not in words


def _look_at(context: Any) -> _Look:
    """What a context holds. Raises: as `check`."""
    if type(context) is str:
        return _Look()
    name = strict_json.dumps(context)
    found = _seen.get(name)
    if found is None:
        found = _look_closely(context)
        # Few contexts make nearly all traffic; whoever sends ever new ones gains nothing.
        if len(name) <= _REMEMBERED_BYTES:
            if len(_seen) >= _REMEMBERED:
                _seen.clear()
            _seen[name] = found
    return found


def _look_closely(context: Any) -> _Look:
    contexts = terms = 0
    items = context if type(context) is list else [context]
    # Prefixes we know as our own spell the same vocabulary for everybody.
    definitions: Document = {"as": AS + "#"}
    renamed: set[str] = set()
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
        definitions |= item
        for term, meaning in item.items():
            _check_term(term, meaning)
        renamed.update(term for term in item if _renames(term, definitions))
    return _Look(contexts, terms, frozenset(renamed))


def check(document: Document) -> frozenset[str]:
    """Refuses whatever would make JSON-LD readers see another document than we do.

    Returns the words its contexts invent for things that have a word (`needs_processor`).
    Raises: `jsonld_forbidden`, `context_redefines`, `jsonld_too_big`.
    """
    pending: list[Any] = [document]
    contexts = terms = nodes = 0
    renamed: frozenset[str] = frozenset()
    while pending:
        value = pending.pop()
        nodes += 1
        if type(value) is list:
            pending += [inner for inner in value if type(inner) is dict or type(inner) is list]
            continue
        if not _FORBIDDEN.isdisjoint(value):
            _refuse("jsonld_forbidden", ",".join(_FORBIDDEN & value.keys()))
        if "@context" in value:
            look = _look_at(value["@context"])
            contexts, terms = contexts + look.contexts, terms + look.terms
            renamed |= look.renamed
        pending += [
            inner
            for key, inner in value.items()
            if (type(inner) is dict or type(inner) is list) and key != "@context"
        ]
        if nodes + len(pending) > MAX_NODES or contexts > MAX_CONTEXTS or terms > MAX_TERMS:
            _refuse("jsonld_too_big", f"{nodes} nodes")
    return renamed


def is_long_key(key: str) -> bool:
    return key.startswith(("as:", "http://", "https://"))


def needs_processor(document: Document, renamed: frozenset[str] = frozenset()) -> bool:
    """Whether the document is written otherwise than in the usual short form.

    True for long keys (`as:actor`, full IRIs, `@value`) on top or in the object, and for words of
    its own in place of ours. Contexts we lack are ignored terms, nothing more (JSN-07).
    """
    inner = document.get("object")
    for part in (document, inner) if type(inner) is dict else (document,):
        # One search over all keys: nearly every document has neither sign in any of them.
        has_colon = ":" in "\n".join(part)
        if not _EXPANDED.isdisjoint(part) or (has_colon and any(map(is_long_key, part))):
            return True
    return bool(renamed) and _uses(document, renamed)


def _uses(document: Document, words: frozenset[str]) -> bool:
    pending: list[Any] = [document]
    while pending:
        value = pending.pop()
        if type(value) is list:
            pending += value
        elif type(value) is dict:
            kinds = [name for term in ("type", "@type") for name in as_list(value.get(term))]
            names = [*value, *(name for name in kinds if type(name) is str)]
            if any(name in words or name.partition(":")[0] in words for name in names):
                return True
            pending += [inner for key, inner in value.items() if key != "@context"]
    return False


def plain(document: Document) -> Document:
    """The document itself, where that is all a reader needs; for those who cannot wait for `documents`.

    Raises: as `check`, and `jsonld_long_form` where only a processor can tell what is meant.
    """
    if needs_processor(document, check(document)):
        raise FederationError("jsonld_long_form")
    return document
