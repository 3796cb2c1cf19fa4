"""Groups in words: what openness and visibility mean together, roles, levels, and one line for a list.

Pages of groups, of posts in groups and of writing say the same things in the same sentences because they
ask here. Reads and writes nothing.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from node.errors import N_
from node.features.actors.store.reads import Actor
from node.features.follows.present import person_line
from node.features.groups.service.rights import Standing
from node.features.groups.store.groups import Group
from node.i18n import gettext as _
from node.i18n import ngettext
from node.runtime import Node
from node.web.cards import Choice, PersonLine

READERS: Final[Mapping[str, str]] = {
    "public": N_("Everybody can read, and the group stands in the lists."),
    "unlisted": N_("Everybody who has the address can read; the group stands in no list."),
    "private": N_("Only members know about the group and read in it, wherever they are at home."),
    "local": N_("Everybody who can sign in here can read; nothing leaves this house."),
}
# By openness; for a private group nobody comes by chance, so other things are true.
_WAYS_IN: Final[Mapping[str, str]] = {
    "open": N_("Who wants to join is in at once."),
    "moderated": N_("Who wants to join asks first."),
    "invite_only": N_("New members come by invitation."),
}
_WAYS_INTO_PRIVATE: Final[Mapping[str, str]] = {
    "open": N_("Every member may bring others in."),
    "moderated": N_("Those who look after the group bring others in."),
    "invite_only": N_("New members come by invitation."),
}
_OPENNESS: Final[Mapping[str, tuple[str, str]]] = {
    "open": (N_("Open"), N_("One press and they belong.")),
    "moderated": (N_("On request"), N_("Somebody of the group says yes or no; a question can be asked.")),
    "invite_only": (N_("By invitation"), N_("Nobody needs to ask: members are invited.")),
}
_VISIBILITY: Final[Mapping[str, tuple[str, str]]] = {
    "public": (N_("Everybody"), N_("On the web, in other houses and in search.")),
    "unlisted": (N_("Everybody with the address"), N_("Readable, but in no list and no search.")),
    "private": (N_("Only members"), N_("They may live in other houses; a copy is kept there.")),
    "local": (N_("Only this house"), N_("Nobody elsewhere learns of it.")),
}
_ROLES: Final[Mapping[str, str]] = {
    "member": N_("Member"),
    "editor": N_("Editor"),
    "moderator": N_("Moderator"),
    "admin": N_("Organiser"),
    "owner": N_("Owner"),
}
_DUTIES: Final[Mapping[str, str]] = {
    "member": N_("Reads, writes, and brings others along."),
    "editor": N_("Also pins posts and orders topics."),
    "moderator": N_("Also lets people in, removes posts, warns and keeps out."),
    "admin": N_("Also changes the settings and gives roles."),
    "owner": N_("Also hands the group over, closes or ends it."),
}
_LEVELS: Final[Mapping[str, tuple[str, str]]] = {
    "everything": (N_("Everything"), N_("Posts and all the answers.")),
    "posts": (N_("New posts"), N_("But not every answer.")),
    "mentions": (N_("What concerns me"), N_("When somebody names or answers me.")),
    "nothing": (N_("Nothing"), N_("I look in by myself.")),
}


class GroupLine(msgspec.Struct, frozen=True, kw_only=True):
    """A group in one line of a list: who it is, one sentence, and how the reader stands to it."""

    person: PersonLine
    sentence: str
    members: str
    state: str = ""
    role: str = ""


def explain(openness: str, visibility: str) -> str:
    """What a combination means, before and after it is chosen."""
    ways = _WAYS_INTO_PRIVATE if visibility == "private" else _WAYS_IN
    # Two whole sentences, each true by itself: any language may put them side by side.
    return f"{_(READERS[visibility])} {_(ways[openness])}"


def list_meanings() -> list[tuple[str, str]]:
    """Class names and sentences for the founding form, which shows those of what is chosen."""
    found = [(f"reads-{name}", _(text)) for name, text in READERS.items()]
    found += [(f"comes-{name}", _(text)) for name, text in _WAYS_IN.items()]
    return found + [(f"brings-{name}", _(text)) for name, text in _WAYS_INTO_PRIVATE.items()]


def openness_choices() -> list[Choice]:
    """How one gets in."""
    return _choices(_OPENNESS)


def visibility_choices(*, never_local: bool = False) -> list[Choice]:
    """Who sees the group; `never_local`: others know it already."""
    return [one for one in _choices(_VISIBILITY) if not (never_local and one.value == "local")]


def level_choices() -> list[Choice]:
    """What a member wants to hear of."""
    return _choices(_LEVELS)


def role_choices(highest: int) -> list[Choice]:
    """The roles somebody may give, up to their own rank."""
    names = list(_ROLES)[: highest + 1]
    return [Choice(value=name, label=_(_ROLES[name]), note=_(_DUTIES[name])) for name in names]


def role_word(role: str) -> str:
    """A role as people say it."""
    return _(_ROLES[role]) if role in _ROLES else ""


def _choices(words: Mapping[str, tuple[str, str]]) -> list[Choice]:
    return [Choice(value=name, label=_(label), note=_(note)) for name, (label, note) in words.items()]


def members_sentence(number: int) -> str:
    """How many belong, in words."""
    return ngettext("%(num)d member", "%(num)d members", number) % {"num": number}


def group_line(node: Node, group: Group, actor: Actor, *, state: str = "", role: str = "") -> GroupLine:
    """A group as lists show it."""
    return GroupLine(
        person=person_line(node, actor),
        sentence=explain(group.openness, group.visibility),
        members=members_sentence(group.members_count),
        state=state,
        role=role_word(role) if role != "member" else "",
    )


def stands(standing: Standing) -> str:
    """How somebody stands, as one word for templates: banned, member, asked, invited, or ''."""
    if standing.ban is not None:
        return "banned"
    return standing.member.state if standing.member is not None else ""
