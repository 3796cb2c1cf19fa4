"""Every way the protocol says no: one exception with a stable code.

Owns the list of codes and the HTTP status an inbox gives for each refusal. Raised all over
`federation`, caught by the host application, which shows its own translated text and never
`detail`: that one is for logs, and holds no secret, no body text and no key material.
"""

from __future__ import annotations

from typing import Final

CODES: Final[dict[str, str]] = {
    # addresses
    "bad_uri": "an id or link is not a plain http(s) URL",
    "bad_host": "a host name has no single canonical form",
    # reading
    "bad_json": "the body is not strict UTF-8 JSON with an object at the top",
    "json_duplicate_key": "an object names one key twice",
    "json_number": "a number is not finite or does not fit 64 bits",
    "json_too_deep": "the body nests deeper than the limit",
    "json_bad_text": "a text holds NUL or a lone surrogate",
    # the vocabulary
    "not_an_object": "the document is not a JSON object",
    "no_type": "the document has no type",
    "ambiguous_type": "the document claims to be two kinds of thing, or two deeds",
    "bad_id": "an id is not one plain http(s) URL",
    "bad_actor": "an actor is missing, not exactly one, or not complete",
    "bad_object": "an activity's object is missing, not exactly one, or not what was asked for",
    "bad_event_start": "an event does not say when it begins",
    "not_ascii_id": "an id of ours is not ASCII",
    "not_owner": "an actor speaks about a thing that is not its own",
    "local_audience": "what stays here has no addresses",
    "bad_audience": "followers are addressed but there is no collection to name",
    # JSON-LD
    "context_redefines": "an inline context gives a core term another meaning",
    "jsonld_forbidden": "the document uses JSON-LD constructs that hide members from plain reading",
    "jsonld_disagrees": "plain reading and JSON-LD reading see two different documents",
    "jsonld_too_big": "the document has too many nodes or contexts for JSON-LD processing",
    "jsonld_failed": "the document is not valid JSON-LD",
}


class FederationError(Exception):
    """A refusal with a stable `code` listed in `CODES`.

    `permanent` tells a job whether trying again can help; `status` is the answer an inbox
    gives (400, 401, 403, 413, 415 or 503). `detail` is for logs only.
    """

    def __init__(self, code: str, detail: str = "", *, permanent: bool = True, status: int = 400) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.permanent = permanent
        self.status = status
