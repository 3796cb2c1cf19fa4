"""What other features and doors may do with accounts, in one place.

The work is in `registration` (joining), `sign_in` (passwords and sessions) and `manage` (roles,
invitations, preferences); this module only gathers their public names.
"""

from node.features.accounts.manage import (
    InviteWish,
    ask_email_change,
    check_not_last_admin,
    create_invite,
    list_accounts,
    revoke_invite,
    set_closed,
    set_preferences,
    set_role,
)
from node.features.accounts.registration import (
    Registration,
    approve,
    check_invite,
    check_may_join,
    confirm,
    create_account,
    find_confirmation,
    refuse,
    register,
    send_confirmation,
)
from node.features.accounts.sign_in import (
    ask_reset,
    check_password,
    close_other_sessions,
    close_session,
    find_reset,
    open_session,
    reset_password,
    set_password,
    viewer_for_session,
)
from node.features.accounts.store.people import (
    Account,
    Preferences,
    find_account_by_email,
    find_account_by_username,
    get_account,
)

__all__ = [
    "Account",
    "InviteWish",
    "Preferences",
    "Registration",
    "approve",
    "ask_email_change",
    "ask_reset",
    "check_invite",
    "check_may_join",
    "check_not_last_admin",
    "check_password",
    "close_other_sessions",
    "close_session",
    "confirm",
    "create_account",
    "create_invite",
    "find_account_by_email",
    "find_account_by_username",
    "find_confirmation",
    "find_reset",
    "get_account",
    "list_accounts",
    "open_session",
    "refuse",
    "register",
    "reset_password",
    "revoke_invite",
    "send_confirmation",
    "set_closed",
    "set_password",
    "set_preferences",
    "set_role",
    "viewer_for_session",
]
