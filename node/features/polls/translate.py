"""Polls between rows and the vocabulary, both ways, pure. Spec: AS2 Vocabulary, Question."""

from datetime import datetime

import msgspec

from federation import vocab
from node.features.polls.store import NewPoll, Poll

_MOST_VOTES = 1_000_000_000  # room to count our own people's on top of what a peer says


def from_vocab(thing: vocab.Object) -> NewPoll | None:
    """The poll another node's post asks; None where there is nothing to choose from.

    Titles stay exactly as written, since votes are matched by them.
    """
    if not isinstance(thing, vocab.Question) or not thing.options:
        return None
    ends = [moment for moment in (thing.end_time, thing.closed) if moment is not None]
    return NewPoll(
        titles=tuple(option.name for option in thing.options),
        votes=tuple(min(option.votes or 0, _MOST_VOTES) for option in thing.options),
        multiple=thing.multiple,
        hide_totals=any(option.votes is None for option in thing.options),
        ends_at=min(ends, default=None),
        voters_count=None if thing.voters_count is None else min(thing.voters_count, _MOST_VOTES),
    )


def as_question(note: vocab.Note, poll: Poll) -> vocab.Question:
    """One of our posts with what it asks. How often each was chosen is left out while it is kept back."""
    shown = poll.votes if poll.shows_totals else [None] * len(poll.titles)
    options = tuple(
        vocab.Option(name=title, votes=votes) for title, votes in zip(poll.titles, shown, strict=True)
    )
    return vocab.Question(
        **(msgspec.structs.asdict(note) | {"type": "Question"}),
        options=options,
        multiple=poll.multiple,
        end_time=poll.ends_at,
        closed=poll.ends_at if poll.is_over else None,
        voters_count=poll.voters_count,
    )


def vote(uri: str, voter_uri: str, author_uri: str, poll_uri: str, title: str, now: datetime) -> vocab.Create:
    """One choice of one of our people, for the poll's author alone: a Note with a name and no content."""
    choice = vocab.Note(
        id=uri, attributed_to=voter_uri, name=title, in_reply_to=poll_uri, to=(author_uri,), published=now
    )
    return vocab.Create(id=f"{uri}/activity", actor=voter_uri, object=choice, to=(author_uri,), published=now)
