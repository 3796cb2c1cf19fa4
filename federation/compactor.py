"""The JSON-LD processor: a program of its own that compacts one document of a stranger and ends.

Reads one question on stdin (`compacting.question_for`), writes one answer on stdout:
`{"compacted": …}` or `{"failed": "why"}`. It may take little memory and time, and every context
it can have came with the question, so it has no reason to open a socket and cannot open a file
(M1, M2, RES-15). `documents.py` starts it by path with a bare interpreter, so it imports nothing
of ours but `confined` and never knows a secret.
"""

import json
import sys
from os.path import abspath, dirname
from typing import Any, Final

sys.path.append(dirname(dirname(abspath(__file__))))  # a bare interpreter does not know where we are
from federation.confined import confine

LIMITS: Final = {"memory_bytes": 512 * 1024**2, "cpu_s": 4, "open_files": 3}
_WORD: Final = {"@context": {"name": {"@id": "urn:x:name", "@container": "@language"}}}
_REHEARSAL: Final[dict[str, Any]] = {
    "document": {"@context": ["urn:x:context"], "@id": "urn:x:1", "name": {"en": "x"}},
    "context": ["urn:x:context", _WORD["@context"]],
    "contexts": {"urn:x:context": _WORD},
    "else": "urn:x:context",
}


def compact(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question; a context that did not come with it means nothing.

    Whatever the processor raises is an answer too: it is fed by strangers.
    """
    from pyld import jsonld

    contexts, instead = question["contexts"], question["else"]

    def load(url: str, _options: Any = None) -> dict[str, Any]:
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": url,
            "document": contexts.get(url) or {"@context": instead},
        }

    options = {"documentLoader": load, "processingMode": "json-ld-1.1"}
    try:
        found = jsonld.compact(question["document"], {"@context": question["context"]}, options)
    except (jsonld.JsonLdError, RecursionError, ValueError, TypeError, KeyError, AttributeError) as error:
        return {"failed": type(error).__name__}
    if type(found) is not dict or "@graph" in found:
        return {"failed": "several documents"}
    return {"compacted": found}


def main() -> None:
    """Answer the one question on stdin."""
    # A rehearsal loads everything the processor needs while files may still be opened.
    compact(_REHEARSAL)
    confine(**LIMITS)
    answer = compact(json.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
