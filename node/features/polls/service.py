"""What may be asked and how votes count; the counts of our own polls are this node's to keep.

Every vote goes through `cast`, ours and others': one person counts once, or once for each option
where several may be chosen, never after the end, never the author. Called by `posts`.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal

import msgspec

from node import text
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.polls import store
from node.features.polls.store import Ballot, NewPoll

MOST_OPTIONS: Final = 8
LONGEST_OPTION: Final = 100  # characters
SHORTEST_S: Final = 5 * 60
LONGEST_S: Final = 2_629_746  # a month, as programs expect it

Fault = Literal["too_few", "too_many", "too_long", "duplicate", "too_soon", "too_late"]
Refusal = Literal["ended", "voted", "no_such_choice", "own"]

_FAULTS: Final[dict[Fault, str]] = {
    "too_few": N_("A poll needs at least two answers to choose from."),
    "too_many": N_("A poll can have at most %(most)s answers."),
    "too_long": N_("Each answer can have at most %(longest)s characters."),
    "duplicate": N_("Two of the answers are the same."),
    "too_soon": N_("A poll should be open for at least five minutes."),
    "too_late": N_("A poll can be open for a month at most."),
}
_REFUSALS: Final[dict[Refusal, str]] = {
    "ended": N_("This poll has ended."),
    "voted": N_("You have voted already."),
    "no_such_choice": N_("Please choose one of the answers."),
    "own": N_("This is your own poll, so your voice stays out of it."),
}


class PollDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to ask; `open_s` is how long from now on, in seconds.

    None leaves the end as it was, when a poll is edited.
    """

    titles: tuple[str, ...]
    open_s: int | None
    multiple: bool = False
    hide_totals: bool = False


class VoteRefused(NodeError):
    """A vote that does not count; `reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__("invalid", text=_REFUSALS[reason], detail=f"vote: {reason}")
        self.reason = reason


def tidied(draft: PollDraft) -> PollDraft:
    """The draft with clean titles, empty ones left out."""
    titles = (text.one_line(title, LONGEST_OPTION + 1).strip() for title in draft.titles)
    return msgspec.structs.replace(draft, titles=tuple(title for title in titles if title))


def find_fault(draft: PollDraft) -> Fault | None:
    """What is wrong with a tidied draft."""
    if len(draft.titles) < 2:
        return "too_few"
    if len(draft.titles) > MOST_OPTIONS:
        return "too_many"
    if any(len(title) > LONGEST_OPTION for title in draft.titles):
        return "too_long"
    if len({title.casefold() for title in draft.titles}) < len(draft.titles):
        return "duplicate"
    if draft.open_s is None:
        return None
    if draft.open_s < SHORTEST_S:
        return "too_soon"
    return "too_late" if draft.open_s > LONGEST_S else None


def check(draft: PollDraft) -> PollDraft:
    """The draft, tidied. Raises: NodeError `invalid` for field `option` or `open_s`."""
    draft = tidied(draft)
    fault = find_fault(draft)
    if fault is None:
        return draft
    values = {"most": MOST_OPTIONS, "longest": LONGEST_OPTION}
    field = "open_s" if fault in ("too_soon", "too_late") else "option"
    raise NodeError("invalid", field=field, text=_FAULTS[fault], values=values, detail=fault)


async def put_draft(tx: Tx, post_id: int, draft: PollDraft) -> None:
    """Ask with a post just written, or anew with one just edited.

    When the answers to choose from change, every vote so far is forgotten: it was for something else.
    """
    before = (await store.list_polls(tx, [post_id], None)).get(post_id)
    ends_at = before.ends_at if before else None
    if draft.open_s is not None:
        ends_at = tx.now + timedelta(seconds=draft.open_s)
    asked = NewPoll(
        titles=draft.titles,
        votes=(0,) * len(draft.titles),
        multiple=draft.multiple,
        hide_totals=draft.hide_totals,
        ends_at=ends_at,
        voters_count=0,
    )
    if before is None or tuple(before.titles) != asked.titles or before.multiple != asked.multiple:
        await store.put_poll(tx, post_id, asked)
    else:
        await store.put_terms(tx, post_id, hide_totals=asked.hide_totals, ends_at=asked.ends_at)


async def take_told(tx: Tx, post_id: int, told: NewPoll | None, *, edited: bool) -> bool:
    """What the author's node says of its poll. Other answers to choose from need an edit.

    Returns whether anything was taken.
    """
    before = (await store.list_polls(tx, [post_id], None)).get(post_id)
    if told is None:
        if edited and before is not None:
            await store.delete_poll(tx, post_id)
        return False
    if before is not None and tuple(before.titles) == told.titles and before.multiple == told.multiple:
        await store.put_counts(tx, post_id, told)
        return True
    if edited:
        await store.put_poll(tx, post_id, told)
    return edited


def find_refusal(ballot: Ballot, places: Sequence[int]) -> Refusal | None:
    """Why these choices do not count. Repeats in `places` are the caller's to leave out."""
    if ballot.is_over:
        return "ended"
    if not places or any(not 0 <= place < len(ballot.titles) for place in places):
        return "no_such_choice"
    if not ballot.multiple:
        return "voted" if ballot.chosen or len(places) > 1 else None
    return "voted" if set(places) & set(ballot.chosen) else None


async def cast(tx: Tx, ballot: Ballot, voter_id: int, places: Sequence[int], *, ours: bool) -> None:
    """Count what somebody chose. `ours`: it is a poll of ours, which others hear about.

    Raises: VoteRefused.
    """
    places = list(dict.fromkeys(places))
    refusal = find_refusal(ballot, places)
    if refusal is not None:
        raise VoteRefused(refusal)
    await store.put_votes(tx, ballot, voter_id, places, ours=ours)
