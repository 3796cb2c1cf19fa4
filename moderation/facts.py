"""All that a policy may know besides the activity itself."""

from datetime import datetime

import msgspec


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The circumstances of one activity, gathered beforehand.

    `sender_host` is canonical; `followed_here`: somebody of this node follows the sender.
    """

    now: datetime
    sender_host: str
    sender_local: bool
    followed_here: bool = False
