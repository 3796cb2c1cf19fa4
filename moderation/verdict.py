"""What a policy says of an activity, and when it is asked."""

from enum import StrEnum

import msgspec

from federation import vocab


class Stage(StrEnum):
    """When a policy is asked: on arrival, before a member's own deed, before sending to a host."""

    INBOUND = "inbound"
    LOCAL = "local"
    OUTBOUND = "outbound"


class Pass(msgspec.Struct, frozen=True):
    """Nothing against it."""


class Change(msgspec.Struct, frozen=True):
    """Let it through, changed."""

    activity: vocab.Activity
    code: str


class Hold(msgspec.Struct, frozen=True):
    """Keep it from taking effect until somebody looked."""

    code: str
    matched: str = ""


class Drop(msgspec.Struct, frozen=True):
    """Not here."""

    code: str
    matched: str = ""


Verdict = Pass | Change | Hold | Drop
