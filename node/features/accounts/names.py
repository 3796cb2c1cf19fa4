"""Which names and addresses an account may have.

Pure rules without a database. A username is what stands in `@name@house`; some are kept for the
node's own pages and for people who could be mistaken for the house.
"""

import re

from node.errors import N_, NodeError

_USERNAME = re.compile(r"[a-z0-9_]{1,30}")
# Deliberately loose: only the mail itself proves an address. No spaces, one @, a dot or a lab host.
_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\\x00-\x1f\x7f]{1,64}@[^\s@<>\"(),:;\[\]\\\x00-\x1f\x7f]{1,190}")
_RESERVED_TEXT = """
    about abuse account accounts actor admin administrator all allmende anonymous api ap app apps auth
    authorize autoconfig bookmarks confirm contact everyone events export explore federation feed files
    followers following forgot groups guest help here home host hostmaster house imprint inbox info instance
    internal invite legal login logout mail mailer_daemon manage me media messages moderation moderator
    moderators news nobody node nodeinfo noreply no_reply notifications nothing null oauth official outbox
    owner people policy postmaster posts privacy public register relay reports reset root rules search
    security service settings sign_in sign_out signin signout signup ssl_admin staff static status statuses
    support sysadmin system tags team terms timeline today undefined unfollow user users web webfinger
    webmaster well_known world write www
"""
RESERVED = frozenset(_RESERVED_TEXT.split())


def clean_username(text: str) -> str:
    """The username as it is stored: lower case, without a leading @.

    Raises: NodeError `invalid` on field `username` for a form that is not allowed or a kept name.
    """
    name = text.strip().removeprefix("@").lower()
    if not _USERNAME.fullmatch(name):
        raise NodeError(
            "invalid",
            field="username",
            text=N_("Please use only letters a to z, numbers and underscores, at most 30 of them."),
        )
    if name in RESERVED:
        raise NodeError(
            "invalid", field="username", text=N_("This name is kept for the house. Please choose another.")
        )
    return name


def clean_email(text: str) -> str:
    """The address in lower case.

    Raises: NodeError `invalid` on field `email` when it cannot be an address.
    """
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address) or address.startswith("-") or ".." in address:
        raise NodeError("invalid", field="email", text=N_("This does not look like an e-mail address."))
    return address
