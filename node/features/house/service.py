"""What the people who look after a house decide about it while it runs.

Name, sentence, rules, who may join, colour: one Struct, stored as one value. Configuration (what
the machine's owner decides) is elsewhere, in node.config. Every feature may ask; only the admin
pages and the command line write.
"""

from typing import Any, Literal

import msgspec

from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.house import store, zones
from node.runtime import Node

Registration = Literal["open", "approval", "invite", "closed"]
REGISTRATIONS: tuple[Registration, ...] = ("open", "approval", "invite", "closed")
NeighbourPolicy = Literal["open", "approval", "closed"]
Founders = Literal["members", "moderators", "admins"]
FOUNDERS: tuple[Founders, ...] = ("members", "moderators", "admins")
NEIGHBOUR_POLICIES: tuple[NeighbourPolicy, ...] = ("open", "approval", "closed")
_FRAME_CACHE = "house_frame"  # where node.web.middleware keeps what every page shows of the settings
_KEY = "house"
_MOST_RULES = 40


class HouseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a house says of itself and who may join it.

    `hue` is in degrees (0–359); `formal` addresses people formally where a language has two
    forms; `rules` are short sentences; `time_zone` is for everybody who chose none of their own;
    `imprint` and `privacy` are plain text with paragraphs; `neighbours`: whether other houses may
    follow this one; `founders`: who may found groups.
    """

    name: str = "Allmende"
    description: str = ""
    contact_email: str = ""
    rules: list[str] = []
    registration: Registration = "approval"
    question: str = ""
    hue: int = 175
    formal: bool = False
    languages: list[str] = []
    time_zone: str = zones.DEFAULT_ZONE
    imprint: str = ""
    privacy: str = ""
    neighbours: NeighbourPolicy = "approval"
    founders: Founders = "members"


async def get_settings(tx: Tx) -> HouseSettings:
    """The house's settings; defaults where nobody chose yet."""
    return _decode(await store.find_setting(tx, _KEY))


async def put_settings(tx: Tx, settings: HouseSettings) -> None:
    """Store the house's settings as a whole.

    Raises: NodeError `invalid` with the field at fault.
    """
    _check(settings)
    await store.put_setting(tx, _KEY, msgspec.to_builtins(settings))


async def change_settings(tx: Tx, **changes: Any) -> HouseSettings:
    """Change some of the settings and leave the others as they are at this moment.

    Raises: NodeError `invalid` with the field at fault.
    """
    current = _decode(await store.lock_setting(tx, _KEY))
    settings = msgspec.structs.replace(current, **changes)
    await put_settings(tx, settings)
    return settings


def forget_cached(node: Node) -> None:
    """Let this process read the settings anew; others follow within seconds."""
    node.caches.pop(_FRAME_CACHE, None)


async def run_again(tx: Tx, queue: str, item_id: int) -> str:
    """Let what ended badly be worked on again (`inbox` or `deliveries`); gives its former state.

    Raises: NodeError `conflict` when it is not there or did not end badly.
    """
    put_due = store.put_inbox_due if queue == "inbox" else store.put_delivery_due
    former = await put_due(tx, item_id)
    if not former:
        raise NodeError("conflict")
    tx.wake("inbound" if queue == "inbox" else "deliver")
    return former


def _decode(value: object) -> HouseSettings:
    return HouseSettings() if value is None else msgspec.convert(value, HouseSettings)


def _check(settings: HouseSettings) -> None:
    if not settings.name.strip() or len(settings.name) > 80:
        raise NodeError(
            "invalid", field="name", text=N_("Please give the house a name of at most 80 characters.")
        )
    if len(settings.description) > 500:
        raise NodeError("invalid", field="description", text=N_("Please say it in at most 500 characters."))
    if settings.contact_email and "@" not in settings.contact_email:
        raise NodeError(
            "invalid", field="contact_email", text=N_("This does not look like an e-mail address.")
        )
    if len(settings.rules) > _MOST_RULES or any(len(rule) > 500 for rule in settings.rules):
        raise NodeError(
            "invalid", field="rules", text=N_("Please write at most 40 rules of 500 characters each.")
        )
    if settings.registration not in REGISTRATIONS:
        raise NodeError("invalid", field="registration", text=N_("Please choose one of these."))
    if settings.neighbours not in NEIGHBOUR_POLICIES:
        raise NodeError("invalid", field="neighbours", text=N_("Please choose one of these."))
    if settings.founders not in FOUNDERS:
        raise NodeError("invalid", field="founders", text=N_("Please choose one of these."))
    if len(settings.question) > 300:
        raise NodeError("invalid", field="question", text=N_("Please ask in at most 300 characters."))
    if not 0 <= settings.hue < 360:
        raise NodeError("invalid", field="hue", text=N_("Please choose a colour between 0 and 359."))
    if not zones.is_zone(settings.time_zone):
        raise NodeError("invalid", field="time_zone", text=N_("Please name a place, such as Africa/Nairobi."))
    if len(settings.imprint) > 20_000:
        raise NodeError("invalid", field="imprint", text=N_("This text is longer than we can take."))
    if len(settings.privacy) > 60_000:
        raise NodeError("invalid", field="privacy", text=N_("This text is longer than we can take."))
