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
    "bad_encoding": "a Content-Encoding is unknown, broken or not wanted here",
    "bad_media_type": "a Content-Type is not ActivityStreams in UTF-8",
    "body_too_large": "a delivered body is over the limit",
    "bad_type": "an activity has no single type",
    # signatures and keys
    "signature_missing": "a request that must be signed is not",
    "bad_signature_header": "a signature header cannot be read in exactly one way",
    "duplicate_header": "a header that may come once came twice",
    "signature_coverage": "a signature leaves out what it must cover",
    "signature_stale": "a signature is older or newer than the window allows",
    "signature_window": "a signature claims to live too long",
    "signature_wrong": "a signature was not made with the key it names",
    "bad_date": "a signed time cannot be read",
    "bad_algorithm": "a signature algorithm is unknown or does not fit its key",
    "digest_mismatch": "the body is not the one the digest describes",
    "wrong_host": "a signed request was meant for another host",
    "bad_key": "a key cannot be read, is too weak or of an unknown kind",
    "bad_secret": "a sealed key cannot be opened with the secrets at hand",
    "key_owner": "a key and its owner do not name each other",
    "key_unavailable": "a key cannot be fetched, or was tried a moment ago",
    "bad_proof": "an object proof is malformed, expired or for another purpose",
    # who may say what
    "not_the_author": "the signer is not the author, and nothing can prove the author",
    "own_origin": "a stranger speaks for our own host",
    "id_mismatch": "an id belongs to another origin than its document or actor",
    "host_refused": "this host is blocked here",
    "host_too_loud": "this host sent more within a minute than it may; it is asked to wait",
    # going out
    "scheme_refused": "plain http outside a laboratory",
    "port_refused": "a port that is not for the web",
    "address_refused": "an address that is not on the public internet",
    "redirect_refused": "a redirect loops, downgrades, leads nowhere or goes on for too long",
    "too_large": "an answer is over the limit",
    "timed_out": "an answer did not come in time",
    "unreachable": "no connection, or it broke",
    "budget_spent": "the work at hand has used up its requests or its time",
    "gone": "the host says it is deleted (410)",
    "not_found": "the host knows no such thing (404)",
    "fetch_denied": "the host does not show it to us",
    "fetch_failed": "the host fails for now",
    "bad_status": "a status that means nothing here",
    # discovery
    "bad_handle": "not a handle like name@host",
    "bad_resource": "a WebFinger question without exactly one readable resource",
    "webfinger_unusable": "a WebFinger answer names no subject or no actor",
    "webfinger_mismatch": "a handle and an actor do not name each other",
    "nodeinfo_unusable": "a NodeInfo answer cannot be used",
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
    "jsonld_long_form": "the document has to be compacted first",
    "jsonld_busy": "too many documents wait to be compacted",
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
