"""docs/interoperability.md, made from what the tests know: `python -m tests.docs.interop`.

Owns the page. Its tables are the grid of servers and activities (`tests.docs.grid`), the verdicts of the personas over
the examples of FEDERATION.md, the documents of other programs that are read, and the live peers with the tests that
drive them. `test_interop` compares.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from tests.corpus.files import READ_AS
from tests.corpus.outcomes import ENDS
from tests.docs import grid
from tests.docs.grid import program_of
from tests.house.tree import ROOT
from tests.personas.sequences import SEQUENCES
from tests.personas.takes import TAKES

PAGE = ROOT / "docs" / "interoperability.md"
_STEP_TESTS = "tests/personas/test_sequences.py"
_SHOWN = {
    "mastodon": "Mastodon", "gotosocial": "GoToSocial", "pleroma": "Pleroma, Akkoma", "misskey": "Misskey",
    "friendica": "Friendica", "pixelfed": "Pixelfed", "threads": "Threads", "lemmy": "Lemmy",
    "mobilizon": "Mobilizon", "gancio": "Gancio",
}  # fmt: skip


class Live(msgspec.Struct, frozen=True):
    """What was tried with a program that really ran: words, and the test that does it."""

    what: str
    test: str


LIVE: dict[str, tuple[str, tuple[Live, ...]]] = {
    "Allmende": (
        "this one: two nodes in every test run",
        (
            Live("follow, ask first, accept, refuse, end", "tests/node/wire/test_between_nodes.py"),
            Live("who sees what", "tests/node/wire/test_visibility.py"),
            Live("everything FEDERATION.md shows", "tests/docs/test_federation_md.py"),
            Live("leaving", "tests/node/features/leaving/test_leaving.py"),
        ),
    ),
    "[Fedify](https://fedify.dev/)": (
        "2.3.6, a small app in `tests/interop/fedify`, in CI",
        (
            Live("follow, ask first, accept, undo, both ways", "tests/interop/test_fedify.py"),
            Live("changed profiles", "tests/interop/test_fedify.py"),
            Live("posts, pictures, answers, edits, deletions, both ways", "tests/interop/test_fedify.py"),
            Live("likes and boosts and their undo, both ways", "tests/interop/test_fedify.py"),
            Live("followers-only and direct", "tests/interop/test_fedify.py"),
            Live(
                "polls asked, answered and counted, both ways, with signatures of both kinds",
                "tests/interop/test_fedify_polls.py",
            ),
            Live(
                "signatures by RFC 9421 and by draft-cavage, each at the first knock",
                "tests/interop/test_fedify_proofs.py",
            ),
            Live(
                "object proofs (FEP-8b32): theirs believed from a stranger, ours without any signature",
                "tests/interop/test_fedify_proofs.py",
            ),
        ),
    ),
    "[Fediverse Pasture](https://funfedi.dev/)": (
        "inputs 0.3.0, in CI",
        (
            Live(
                "262 ways to write a Note: none breaks the inbox, all that is kept is shown, no harmful HTML",
                "tests/interop/test_pasture.py",
            ),
        ),
    ),
    "[activitypub-testing](https://socialweb.coop/activitypub-testing/)": (
        "0.16.1, with `allmende dev test -m foreign`",
        (Live("what it asks of an actor", "tests/interop/test_judges.py"),),
    ),
    "[node-http-message-signatures](https://github.com/misskey-dev/node-http-message-signatures)": (
        "Misskey's own code, 0.0.10, with `allmende dev test -m foreign`",
        (
            Live(
                "draft-cavage: ours believed by it, its by us, nothing that was changed",
                "tests/interop/test_signature_judges.py",
            ),
        ),
    ),
    "[apsig](https://github.com/fedi-libs/apsig)": (
        "0.6.0, with `allmende dev test -m foreign`",
        (
            Live(
                "draft-cavage and object proofs (FEP-8b32): ours believed by it, its by us, nothing that was changed",
                "tests/interop/test_signature_judges.py",
            ),
        ),
    ),
    "[s3rver](https://github.com/jamhall/s3rver)": (
        "3.7.1, in CI",
        (Live("files in a bucket", "tests/node/features/media/test_s3.py"),),
    ),
    "[Mastodon.py](https://mastodonpy.readthedocs.io/)": (
        "2.3.3, drives the client API, in CI",
        (Live("see [client-api.md](client-api.md)", "tests/interop/test_mastodon_py.py"),),
    ),
}
# Columns of what arrives: each a heading and the words of `READ_AS` it gathers.
_COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("profiles", ("Person", "Group", "Application", "Organization", "Service")),
    ("posts", ("Note", "Page", "Article", "Video", "Create Note", "Create Page", "Create Article")),
    ("events", ("Create Event", "Event", "Join", "Invite")),
    ("follows", ("Follow", "Accept", "Accept Follow", "Reject Follow")),
    ("likes, boosts", ("Like", "Dislike", "Announce", "Announce Update", "Undo Like", "EmojiReact")),
    ("deletions", ("Delete", "Delete Tombstone", "Tombstone", "Undo Delete")),
    ("groups and desk", ("Add", "Flag", "Undo Lock", "Update Group")),
    ("collections", ("Collection", "OrderedCollection", "OrderedCollectionPage")),
)
_HEAD = """# What was tried with whom

Made by `python -m tests.docs.interop` from what the tests know; no cell stands here without one.

## Servers and activities

Who was brought to do what with this node, and by what proof. An empty cell says that nobody looked, or that the
program has no such thing; it is no word about the program.
"""
_LIVE = """
## Live

Programs that really ran, with the tests that drive them:

| Program | How | What | Test |
|---|---|---|---|
"""
_SENT = """
## What others make of what we send

Each kind of document of [FEDERATION.md](../FEDERATION.md), as a living node sends it, is shown to strict readers that
know the rules and the crashes of other programs (`tests/personas`). A word says what the program makes of it, – that
it is not for that program. This is knowledge of their source, **not the same as having met them**: only what stands
under *Live* was tried with the program itself.

"""
_STEPS = """
## What they were seen to do

Real servers that ran beside this one showed these habits in several steps. Personas on loopback do the same to a
living node (`tests/personas/test_sequences.py`).

"""
_ARRIVES = """
## What of theirs we read

Documents as servers really sent them, each read to what it is (`tests/corpus/test_reading.py`) and brought through
the inbox of a living node to a named end (`tests/corpus/test_inbox.py`): how many of them have their effect, and how
many are answered, understood and left (like, `Flag` for nobody here). Further shapes, written by hand, are in
`tests/wire`; what a program says in its own way is put right in `federation/vocab/quirks.py`.

"""
_FOOT = """
If you run another server and something does not work, the code in your log's answer (`{"error": "…"}`) and
[codes.md](codes.md) say what we did not like. Please tell us.
"""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *(list(row) for row in rows)]
    return (
        "".join(f"| {' | '.join(line)} |\n" for line in lines)
        .replace("| --- ", "|---")
        .replace("---|---", "---|---")
    )


def sent_names() -> list[str]:
    """The examples of FEDERATION.md, in their order."""
    from tests.docs.test_federation_md import NAMES

    return NAMES


def _grid() -> str:
    drawn = (f"### {title}\n\n{table(head, rows)}" for title, head, rows in grid.tables(sent_names()))
    return grid.LEGEND + "\n".join(drawn)


def _sent() -> str:
    rows = [[name, *(TAKES[program].get(name) or "–" for program in _SHOWN)] for name in sent_names()]
    return table(["", *_SHOWN.values()], rows)


def _steps() -> str:
    rows = [[who, does, then, f"`{_STEP_TESTS}::{test}`"] for who, does, then, test in SEQUENCES]
    return table(["Program", "What it does", "What comes of it here", "Test"], rows)


def read_sent() -> dict[str, dict[str, str]]:
    """The table of what others make of ours, read back from the page: document, program, word."""
    part = PAGE.read_text("utf-8").partition("## What others make")[2].partition("\n## ")[0]
    found = {}
    for line in re.findall(r"^\| (.+) \|$", part, re.M)[1:]:
        name, *words = line.split(" | ")
        found[name] = {program: word for program, word in zip(_SHOWN, words, strict=True) if word != "–"}
    return found


def _arrived() -> str:
    count: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, kind in READ_AS.items():
        column = next((title for title, kinds in _COLUMNS if kind in kinds), None)
        if column:
            count[program_of(name), column].append(ENDS[name])
    rows = []
    for program in sorted({program for program, _ in count}):
        cells = (count.get((program, title), []) for title, _ in _COLUMNS)
        rows.append([program, *(_cell(ends) for ends in cells)])
    return table(["", *(title for title, _ in _COLUMNS)], rows)


def _cell(ends: list[str]) -> str:
    if not ends:
        return "–"
    done = sum(end == "done" for end in ends)
    words = [f"{done} done"] if done else []
    words += [f"{len(ends) - done} left"] if done < len(ends) else []
    return ", ".join(words)


def render() -> str:
    """The whole page."""
    live = "".join(
        f"| {program if not number else ''} | {how if not number else ''} | {one.what} | `{one.test}` |\n"
        for program, (how, ones) in LIVE.items()
        for number, one in enumerate(ones)
    )
    return (
        _HEAD + _grid() + _LIVE + live + _SENT + _sent() + _STEPS + _steps() + _ARRIVES + _arrived() + _FOOT
    )


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
