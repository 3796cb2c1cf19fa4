"""What a JSON-LD processor is asked about a document in long form, and how much of its answer counts.

Its answer and plain reading must agree in everything that carries authority. The processor itself is
`compactor`, a process of its own; nothing here runs it, fetches or canonicalises. Called by `documents`.
Spec: JSON-LD 1.1; threats JSN-06, RES-15.
"""

from __future__ import annotations

from typing import Any, Final

from federation.errors import FederationError
from federation.jsonld import AS_SPELLINGS, MAX_NODES, Document, core_terms, is_long_key
from federation.known_contexts import bundled
from federation.vocab.terms import CID, SECURITY, everything
from federation.vocab.values import AS, PUBLIC, as_list, ref, refs

MAX_COMPACTED_VALUES: Final = 1_000
"""A processor takes up to 0.25 ms for each value, so what it is given is small (RES-15)."""


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
            raise FederationError("jsonld_too_big", "to compact")


def question_for(document: Document) -> Document:
    """What a processor is asked: the document, our context, and every bundled context either names.

    Raises: `jsonld_too_big`.
    """
    _check_weight(document)
    if "@context" not in document:
        document = {"@context": AS, **document}
    ours = [AS, SECURITY, CID, everything()]
    contexts: Document = {AS: bundled(AS)}
    pending: list[Any] = [document, ours]
    while pending:
        value = pending.pop()
        if type(value) is dict:
            # Contexts name one another, so each one found is looked through too.
            pending += value.values()
        elif type(value) is list:
            pending += value
        elif type(value) is str and value not in contexts and (known := bundled(value)) is not None:
            contexts[value] = known
            pending.append(known)
    return {"document": document, "context": ours, "contexts": contexts, "else": AS}


_SINGLE: Final = ("id", "type", "actor", "object", "target", "attributedTo", "inReplyTo", "origin", "result")
_LISTS: Final = ("to", "cc", "audience")


def _bare_types(value: Any) -> set[str]:
    names = (name for name in as_list(value) if type(name) is str)
    return {name.rpartition("#")[2].rpartition(":")[2] for name in names}


def _check_whole(meant: Document) -> None:
    for key in meant:
        # What stays long after compacting is a core term used as a literal: others may read it.
        if key.startswith(AS_SPELLINGS) and key.rpartition("#")[2].rpartition(":")[2] in core_terms():
            raise FederationError("jsonld_disagrees", key[:100])


def _agree(seen: Document, meant: Document) -> None:
    _check_whole(meant)
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


def _is_long(document: Document) -> bool:
    """Whether plain readers find nothing in a document: not one core word in its short form."""
    return core_terms().isdisjoint(document)


def merged(document: Document, compacted: Document) -> Document:
    """The one document that both ways of reading see, in short form.

    What is all in long form is what the processor says it is. What both can read must agree in
    everything that carries authority; then the plain words stay, and the processor adds those
    that plain reading missed. Raises: `jsonld_disagrees`.
    """
    if _is_long(document):
        _check_whole(compacted)
        return _completed({}, compacted) | {"@context": AS}
    _agree(document, compacted)
    return _completed(document, compacted) | {"@context": AS}


def _completed(seen: Document, meant: Document) -> Document:
    found = {key: value for key, value in seen.items() if not is_long_key(key)}
    for key, value in meant.items():
        inner = found.get(key)
        if is_long_key(key):
            continue
        if key not in found:
            found[key] = value
        elif type(inner) is dict and type(value) is dict:
            found[key] = _completed(inner, value)
    return found
