"""Server × activity: what each program and this one were brought to do with one another, and the proof of each cell.

Owns the marks and what they stand on: live peers, personas, documents of other programs, the verdicts of strict
readers. Draws no conclusion of its own: a cell without proof is empty. Used by `tests.docs.interop`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Final

from tests.corpus.files import READ_AS
from tests.corpus.outcomes import ENDS
from tests.house.tree import ROOT
from tests.personas.takes import TAKES

_WIRE: Final = ROOT / "tests" / "wire"
NAMES: Final = {
    "allmende": "Allmende", "fedify": "Fedify", "mastodon": "Mastodon", "gotosocial": "GoToSocial",
    "pleroma": "Pleroma, Akkoma", "misskey": "Misskey", "friendica": "Friendica", "streams": "Streams",
    "takahe": "Takahē", "snac": "snac", "mitra": "Mitra", "gnusocial": "GNU social", "smithereen": "Smithereen",
    "threads": "Threads", "pixelfed": "Pixelfed", "peertube": "PeerTube", "bookwyrm": "BookWyrm",
    "wordpress": "WordPress", "prismo": "Prismo", "lemmy": "Lemmy", "lotide": "lotide", "mbin": "Mbin",
    "piefed": "PieFed", "nodebb": "NodeBB", "discourse": "Discourse", "mobilizon": "Mobilizon", "gancio": "Gancio",
}  # fmt: skip
# Tables, their columns, and the names of documents each column gathers (as `READ_AS` and FEDERATION.md name them).
TABLES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "People and follows": {
        "profile": ("Person", "Group", "Application", "Organization", "Service"),
        "Update": ("Update Person", "Update Group"),
        "Follow": ("Follow",),
        "Accept, Reject": ("Accept", "Accept Follow", "Reject Follow"),
        "Undo Follow": ("Undo Follow",),
        "Block": ("Block", "Undo Block"),
        "Move": ("Move",),
        "Flag": ("Flag",),
        "Delete": ("Delete",),
    },
    "Posts": {
        "Note": ("Create Note", "Note", "Create ChatMessage", "ChatMessage"),
        "Article, Page": ("Create Article", "Article", "Create Page", "Page", "Review"),
        "Video": ("Create Video", "Video"),
        "Event": ("Create Event", "Event"),
        "Question": ("Create Question", "Question", "Update Question"),
        "vote": ("Create vote",),
        "Update": ("Update Note", "Update Note that quotes"),
        "Delete": ("Delete Tombstone", "Tombstone", "Undo Delete"),
        "quote": (
            "QuoteRequest", "Accept QuoteRequest", "Reject QuoteRequest", "QuoteAuthorization",
            "Create Note that quotes",
        ),
    },
    "Reactions and boosts": {
        "Like": ("Like",),
        "Undo Like": ("Undo Like",),
        "Dislike": ("Dislike", "Undo Dislike"),
        "EmojiReact": ("EmojiReact", "Undo EmojiReact"),
        "Announce": ("Announce",),
        "Undo Announce": ("Undo Announce",),
    },
    "Groups, events, pins": {
        "Announce of an activity": ("Announce Update", "Announce Like"),
        "Add, Remove": ("Add", "Remove"),
        "Lock": ("Undo Lock",),
        "Join": ("Join",),
        "Leave": ("Leave",),
        "Invite": ("Invite",),
        "Accept, Reject of them": ("Accept Member", "Accept Join"),
        "Offer": ("Offer Follow",),
        "collections": (
            "Collection", "OrderedCollection", "OrderedCollectionPage", "CollectionPage",
            "OrderedCollection followers", "OrderedCollection context", "OrderedCollection featured",
            "OrderedCollection outbox", "OrderedCollectionPage outbox",
        ),
    },
}  # fmt: skip
# What ran, or was played to a living node: program, table, columns, test.
_F, _P = "tests/interop/test_fedify.py", "tests/personas/test_sequences.py"
_G, _Q = "tests/node/features/groups", "tests/node/wire/test_polls_of_others.py"
_E = "tests/node/wire/test_emoji_reactions.py::test_every_dialect_is_understood_and_taken_back"
_R = "tests/node/features/reports/test_reports.py::test_a_report_of_any_program_reaches_the_moderators"
_W = "tests/node/wire/test_quotes.py::test_a_quote_without_leave_stays_a_link_however_it_is_said"
_L = "tests/threats/test_later.py::test_what_nobody_here_is_part_of_ends_by_name_and_stores_nothing"
_M = f"{_Q}::test_polls_of_other_programs_are_understood"
_PEOPLE, _POSTS, _REACTIONS, _GROUPS = TABLES
LIVED: Final[tuple[tuple[str, str, tuple[str, ...], str], ...]] = (
    ("fedify", _PEOPLE, ("profile", "Follow"), f"{_F}::test_a_fedify_person_follows_ours_and_is_accepted"),
    ("fedify", _PEOPLE, ("Undo Follow",), f"{_F}::test_a_fedify_person_takes_a_follow_back"),
    ("fedify", _PEOPLE, ("Accept, Reject",), f"{_F}::test_a_person_who_asks_first_answers_a_fedify_follow"),
    ("fedify", _PEOPLE, ("Update",), f"{_F}::test_a_changed_profile_reaches_a_fedify_follower"),
    ("fedify", _POSTS, ("Note",), f"{_F}::test_our_post_reaches_a_fedify_follower"),
    ("fedify", _POSTS, ("Update", "Delete"), f"{_F}::test_edits_and_deletions_go_both_ways"),
    ("fedify", _POSTS, ("Question", "vote"),
     "tests/interop/test_fedify_polls.py::test_our_poll_is_read_answered_and_its_counts_told"),
    ("fedify", _REACTIONS, ("Like", "Undo Like", "Announce", "Undo Announce"),
     f"{_F}::test_a_fedify_person_likes_and_boosts_ours_and_takes_it_back"),
    ("allmende", _GROUPS, ("Join", "Leave"),
     f"{_G}/test_joining.py::test_joining_and_leaving_travel_between_nodes"),
    ("allmende", _GROUPS, ("Invite",), f"{_G}/test_running.py::test_an_invitation_is_answered_across_nodes"),
    ("allmende", _GROUPS, ("Accept, Reject of them",),
     f"{_G}/test_joining.py::test_a_question_is_answered_and_the_answer_arrives"),
    ("allmende", _GROUPS, ("Announce of an activity",),
     "tests/node/features/group_posts/test_circulating.py::test_answers_likes_edits_and_deletes_go_round_the_group"),
    ("allmende", _GROUPS, ("Lock",),
     "tests/node/features/group_posts/test_moderating.py::test_a_moderator_on_another_node_locks_and_removes_for_everybody"),
)  # fmt: skip
PLAYED: Final[tuple[tuple[str, str, tuple[str, ...], str], ...]] = (
    ("gotosocial", _PEOPLE, ("profile",), f"{_P}::test_gotosocial_shows_its_people_to_signed_questions_only"),
    ("gotosocial", _POSTS, ("Note",), f"{_P}::test_gotosocial_keeps_only_answers_that_mention_by_tag"),
    ("mastodon", _PEOPLE, ("Follow", "Accept, Reject"), f"{_P}::test_mastodon_asks_who_we_are_before_it_accepts"),
    ("mastodon", _PEOPLE, ("Delete",), f"{_P}::test_mastodon_tells_every_inbox_of_an_end_and_more_than_once"),
    ("friendica", _POSTS, ("Note",), f"{_P}::test_friendica_delivers_to_both_doors_and_again"),
    ("takahe", _PEOPLE, ("Follow", "Accept, Reject"), f"{_P}::test_takahe_accepts_before_it_has_answered"),
    ("piefed", _PEOPLE, ("Follow", "Undo Follow"),
     f"{_P}::test_piefed_and_snac_answer_a_second_follow_only_after_an_undo"),
    ("snac", _PEOPLE, ("Follow", "Undo Follow"),
     f"{_P}::test_piefed_and_snac_answer_a_second_follow_only_after_an_undo"),
    ("lemmy", _GROUPS, ("Announce of an activity",), f"{_P}::test_lemmy_announces_what_members_did_in_any_order"),
    ("lemmy", _POSTS, ("Article, Page", "Note"), f"{_P}::test_lemmy_announces_what_members_did_in_any_order"),
    ("mobilizon", _GROUPS, ("collections",),
     f"{_P}::test_mobilizon_names_collections_that_only_members_may_read"),
    *((program, _REACTIONS, ("EmojiReact",), _E) for program in ("pleroma", "misskey")),
    *((program, _REACTIONS, ("Like", "Undo Like"), _E) for program in ("misskey", "mastodon")),
    *((program, _POSTS, ("Question",), _M) for program in ("mastodon", "pleroma", "misskey", "gotosocial", "friendica")),
    *((program, _POSTS, ("quote",), _W) for program in ("misskey", "pleroma", "threads")),
    *((program, _PEOPLE, ("Flag",), _R) for program in
      ("mastodon", "mobilizon", "lemmy", "mbin", "misskey", "pleroma", "friendica")),
)  # fmt: skip
LEFT: Final[tuple[tuple[str, str, tuple[str, ...], str], ...]] = (
    ("mobilizon", _GROUPS, ("Leave", "Invite", "Accept, Reject of them"), _L),
    ("streams", _GROUPS, ("Invite", "Accept, Reject of them"), _L),
    ("friendica", _GROUPS, ("Accept, Reject of them",), _L),
    ("smithereen", _GROUPS, ("Invite", "Join", "Offer"), _L),
)
MARKS: Final = ("●", "◐", "←", "⇠", "→", "◌")
LEGEND: Final = """
| | |
|---|---|
| ● | ran: the program itself, or a second node of this one, and this node did it with one another; leads to the test |
| ◐ | played: a persona does it to a living node as the program was seen, or is known, to do it; leads to the test |
| ← | read: a document it really sent goes through the inbox to its named end (`tests/corpus`) |
| ⇠ | read: a document written by hand after its shape (`tests/wire`), read, written and read again; leads to the document |
| → | sent: ours passes the strict reader that knows its rules (`tests/personas/test_what_we_send.py`) |
| ◌ | known by its name and left, since nothing at this node is meant by it; nothing is stored |

"""

Cell = tuple[str, str]


def program_of(name: str) -> str:
    """Which program sent a document of the corpus, by its place there."""
    parts = name.split("/")
    if parts[0] == "lemmy":
        return parts[1]
    if "." in parts[-1]:
        return "pleroma"
    return parts[1] if len(parts) > 2 else parts[1].partition("-")[0]


def place_of(kind: str) -> Cell | None:
    """The table and column that a kind of document belongs to."""
    for table, columns in TABLES.items():
        for column, kinds in columns.items():
            if kind in kinds:
                return table, column
    return None


def by_hand() -> dict[str, tuple[str, str]]:
    """Every document of `tests/wire`: path to (program, kind)."""
    found = {}
    for path in sorted(_WIRE.glob("*/*.json")):
        document = json.loads(path.read_text("utf-8"))
        inner = document.get("object")
        kind = str(document["type"])
        if isinstance(inner, dict) and kind not in ("Like", "Undo", "Dislike"):
            kind = f"{kind} {inner['type']}"
        if "_misskey_reaction" in document:
            kind = "EmojiReact"
        found[path.relative_to(ROOT).as_posix()] = (path.parent.name, kind)
    return found


def proofs(sent: list[str]) -> dict[tuple[str, str, str], dict[str, str]]:
    """(program, table, column) to its marks, each with the file that proves it or ''."""
    found: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for mark, rows in (("●", LIVED), ("◐", PLAYED), ("◌", LEFT)):
        for program, table, columns, test in rows:
            for column in columns:
                found[program, table, column].setdefault(mark, test)
    for name, kind in READ_AS.items():
        if place := place_of(kind):
            mark = "◌" if ENDS[name].endswith("nothing_takes_it") else "←"
            found[program_of(name), *place].setdefault(mark, "")
    for path, (program, kind) in by_hand().items():
        if program != "allmende" and (place := place_of(kind)):
            found[program, *place].setdefault("⇠", path)
    for kind in sent:
        if place := place_of(kind):
            found["allmende", *place].setdefault("●", "tests/docs/test_federation_md.py")
            for program, takes in TAKES.items():
                if takes.get(kind):
                    found[program, *place].setdefault("→", "")
    return found


def _shown(marks: dict[str, str]) -> str:
    words = []
    for mark in MARKS:
        if mark in marks and not (mark == "◌" and marks.keys() & {"●", "◐", "←"}):
            path = marks[mark].partition("::")[0]
            words.append(f"[{mark}](../{path})" if path else mark)
    return " ".join(words)


def tables(sent: list[str]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Title, heads and rows of each table; a program with nothing to show in one has no row there."""
    found = proofs(sent)
    made = []
    for table, columns in TABLES.items():
        rows = []
        for program, name in NAMES.items():
            cells = [_shown(found.get((program, table, column), {})) for column in columns]
            if any(cells):
                rows.append([name, *cells])
        made.append((table, ["", *columns], rows))
    return made
