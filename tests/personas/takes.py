"""What each program makes of a document it can read, by the name of the document (`Create Note`, `Undo Like`).

Nothing here means that it is not for them: they answer politely and forget it. A word ending in `?` depends on more
than the document, such as who follows whom.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.docs.tour import name_of
from tests.personas.readers import choke_on

_POSTS: Final = ("Note", "Question", "Article", "Page", "Event", "Image", "Audio", "Video", "Document")
_ANSWERS: Final = {"Accept Follow": "follow accepted", "Reject Follow": "follow refused"}
_FOLLOWING: Final = {"Follow": "follow", "Undo Follow": "follow ended", **_ANSWERS}
_ACTORS: Final = {"Person": "account", "Application": "account", "Group": "account", "Service": "account"}
_GOING: Final = {"Delete Tombstone": "deletion", "Delete": "account deletion", "Tombstone": "deletion"}


def _posts(words: Mapping[str, str], *deeds: str) -> dict[str, str]:
    return {f"{deed} {kind}".strip(): word for deed in deeds for kind, word in words.items()}


_LINKS: Final = dict.fromkeys(("Article", "Page", "Event", "Image", "Audio", "Video"), "post that links")
_MICROBLOG: Final = {
    **_ACTORS, **_FOLLOWING, **_GOING,
    **_posts({"Note": "post", "Question": "poll"} | _LINKS, "Create", ""),
    "Create vote": "vote",
    "Update Note": "edit", "Update Question": "counts", "Update Person": "profile", "Update Group": "profile",
    "Like": "like", "Undo Like": "like taken back", "Announce": "boost", "Undo Announce": "boost taken back",
    "Block": "block", "Undo Block": "block ended", "Flag": "report",
    "OrderedCollection followers": "count", "OrderedCollection outbox": "count",
}  # fmt: skip
_PINS: Final = {"OrderedCollection featured": "pins", "Add": "pin", "Remove": "pin taken off"}
_REACTIONS: Final = {"EmojiReact": "reaction", "Undo EmojiReact": "reaction taken back"}
_QUOTES: Final = {
    "QuoteRequest": "quote asked for", "QuoteRequest Note": "quote asked for",
    "Accept QuoteRequest": "quote allowed", "Reject QuoteRequest": "quote refused",
    "QuoteAuthorization": "proof of consent", "Delete QuoteAuthorization": "quote taken back",
}  # fmt: skip

TAKES: Final[dict[str, dict[str, str]]] = {
    "mastodon": {
        **_MICROBLOG, **_PINS, **_QUOTES, "Move": "move", "OrderedCollection context": "thread",
        "OrderedCollection replies": "thread", **{f"Update {kind}": "edit" for kind in _LINKS},
    },
    "gotosocial": {**_MICROBLOG, "OrderedCollection featured": "pins", "Move": "move"},
    "pleroma": {**_MICROBLOG, **_PINS, **_REACTIONS, "Move": "move"},
    "misskey": {**_MICROBLOG, **_PINS, **_REACTIONS, "Move": "move"},
    "friendica": {
        **_MICROBLOG, **_REACTIONS, "Create Event": "calendar entry", "Event": "calendar entry",
        "Create Article": "post", "Create Page": "post", "OrderedCollection context": "thread",
    },
    "pixelfed": {
        **_ACTORS, **_FOLLOWING, **_GOING, "Create Note": "post with pictures", "Note": "post with pictures",
        "Update Person": "profile", "Like": "like", "Undo Like": "like taken back", "Announce": "boost",
        "Undo Announce": "boost taken back", "Flag": "report",
    },
    "threads": {
        **_ACTORS, **_FOLLOWING, **_GOING, "Create Note": "post", "Note": "post", "Update Note": "edit",
        "Update Person": "profile", "Like": "like", "Undo Like": "like taken back", "Announce": "boost",
        "Undo Announce": "boost taken back",
    },
    "lemmy": {
        **_ACTORS, **_FOLLOWING, **_GOING, **_posts({kind: "thread or comment" for kind in _POSTS if kind in
        ("Note", "Article", "Page", "Event", "Video")}, "Create", "Update", ""),
        "Update Person": "profile", "Update Group": "profile", "Like": "vote", "Undo Like": "vote taken back",
        "Dislike": "vote", "Undo Dislike": "vote taken back", "Flag": "report",
        "OrderedCollection featured": "pins", "OrderedCollection outbox": "threads",
    },
    "mobilizon": {
        **_ACTORS, **_GOING, "Create Event": "event", "Update Event": "event", "Event": "event",
        "Create Note": "comment", "Update Note": "comment", "Note": "comment", "Create Article": "group post",
        "Update Article": "group post", "Announce": "fetched", "Undo Announce": "share taken back",
        "Follow": "follow of a group", "Undo Follow": "follow ended", **_ANSWERS, "Update Person": "profile",
        "Update Group": "profile", "Join": "participation", "Leave": "participation ended", "Flag": "report",
        "Accept Join": "participation accepted", "Reject Join": "participation refused",
    },
    "gancio": {
        **_ACTORS, **_FOLLOWING, **_GOING, "Create Event": "event", "Update Event": "event",
        "Create Note": "comment on an event", "Announce": "boost", "Undo Announce": "boost taken back",
        "Like": "like", "Undo Like": "like taken back",
    },
}  # fmt: skip


for _takes in TAKES.values():
    # Whoever knows no quotes reads the post and its link.
    _takes |= {
        f"{name} that quotes": word for name, word in _takes.items() if name in ("Create Note", "Update Note")
    }


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    """For each program what it makes of the document: a word, "" when it is not for them.

    Raises: AssertionError when a program would choke on it, whether it is for them or not.
    """
    choking = choke_on(document)
    assert not choking, choking
    name = name_of(document)
    return {program: takes.get(name, "") for program, takes in TAKES.items()}
