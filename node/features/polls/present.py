"""Polls as pages show them: a form for those who may still vote, else how it stands."""

from babel.numbers import format_percent

from node import i18n, text
from node.appkeys import Viewer
from node.features.polls.store import Poll
from node.i18n import gettext as _
from node.i18n import ngettext
from node.web.cards import PollAnswer, PollCard

_LONGEST = 500


def poll_card(poll: Poll, viewer: Viewer | None, author_id: int) -> PollCard:
    """One poll for one reader."""
    whole = poll.voters_count if poll.multiple and poll.voters_count else sum(poll.votes)
    return PollCard(
        answers=tuple(_answer(poll, place, whole) for place in range(len(poll.titles))),
        multiple=poll.multiple,
        may_vote=viewer is not None and viewer.actor_id != author_id and not poll.is_over and not poll.own,
        is_over=poll.is_over,
        shows_totals=poll.shows_totals,
        note=_note(poll),
        ends_at=poll.ends_at,
    )


def _answer(poll: Poll, place: int, whole: int) -> PollAnswer:
    title = text.one_line(poll.titles[place], _LONGEST)
    is_own = place in poll.own
    if not poll.shows_totals:
        return PollAnswer(place=place, title=title, is_own=is_own)
    votes = poll.votes[place]
    share = min(1.0, votes / whole) if whole else 0.0
    return PollAnswer(
        place=place,
        title=title,
        votes=votes,
        share=round(share * 100),
        percent=format_percent(round(share, 2), locale=i18n.locale(i18n.current())),
        is_own=is_own,
    )


def _note(poll: Poll) -> str:
    """How many took part, as far as that is known."""
    number = poll.voters_count
    if number is None and not poll.multiple and poll.shows_totals:
        number = sum(poll.votes)
    if number is None:
        return ""
    if number == 0:
        return _("Nobody voted.") if poll.is_over else _("Nobody has voted yet.")
    if poll.is_over:
        return ngettext("%(num)d person voted.", "%(num)d people voted.", number) % {"num": number}
    words = ngettext("%(num)d person has voted.", "%(num)d people have voted.", number)
    return words % {"num": number}
