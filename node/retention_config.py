"""How long things are kept that nobody deletes; `node.config` puts this under `[retention]`."""

from typing import Annotated

import msgspec
from msgspec import Meta


class RetentionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long things are kept that nobody deletes by hand."""

    home_posts: Annotated[
        int,
        Meta(
            ge=200,
            le=1_000_000,
            description="How many places each member's start page goes back. The posts stay; only that list "
            "of them ends there.",
        ),
    ] = 2_000
    notifications_days: Annotated[
        int, Meta(ge=7, le=3650, description="How long members can look up what happened to them (days).")
    ] = 365
    reports_days: Annotated[
        int,
        Meta(
            ge=30, le=3650, description="How long a closed report is kept, with its notes and copies (days)."
        ),
    ] = 730
