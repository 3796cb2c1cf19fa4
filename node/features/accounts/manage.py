"""What the people who look after the house do with accounts: roles, closing, invitations.

Also what a person changes about their own account apart from the password. Doors check who may
call which; this module checks that the house never loses its last admin.
"""

from datetime import datetime, timedelta

import msgspec

from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.accounts import letters, names, tokens
from node.features.accounts.store import invites, links, people, sessions
from node.features.accounts.store.people import Account, Preferences
from node.runtime import Node

ROLES = ("member", "moderator", "admin")
AUDIENCES = ("public", "unlisted", "followers", "local")
EMAIL_LINK_LIFE = timedelta(days=1)


async def list_accounts(tx: Tx, *, state: str = "", before_id: int = 0, limit: int = 50) -> list[Account]:
    """Accounts, newest first; `state` narrows, `before_id` pages."""
    return await people.list_accounts(tx, state=state, before_id=before_id, limit=limit)


async def set_role(tx: Tx, actor_id: int, role: str) -> None:
    """Give a role; it counts from the person's next request.

    Raises: NodeError `not_found`; `invalid` for an unknown role or the last admin stepping down.
    """
    if role not in ROLES:
        raise NodeError("invalid", field="role", text=N_("Please choose one of these."))
    account = await people.get_account(tx, actor_id)
    if account.role == "admin" and role != "admin":
        await check_not_last_admin(tx, actor_id)
    await people.put_role(tx, actor_id, role)


async def set_closed(tx: Tx, actor_id: int, closed: bool) -> None:
    """Close an account for now, or open it again; its sessions stay, and lead only to itself.

    Raises: NodeError `not_found`, `conflict`, `invalid` for the last admin.
    """
    await people.get_account(tx, actor_id)
    if closed:
        await check_not_last_admin(tx, actor_id)
    done = await people.put_state(
        tx, actor_id, ("active",) if closed else ("disabled",), "disabled" if closed else "active"
    )
    if not done:
        raise NodeError("conflict")
    if closed:
        await sessions.delete_tokens(tx, actor_id)


async def check_not_last_admin(tx: Tx, leaving_id: int) -> None:
    """Refuse to let the last active admin go. Raises: NodeError `invalid`."""
    admins = await people.lock_admins(tx)
    if admins == [leaving_id]:
        raise NodeError(
            "invalid",
            field="role",
            text=N_("This is the last person who manages the house. Please choose another first."),
        )


class InviteWish(msgspec.Struct, frozen=True, kw_only=True):
    """What an invitation should allow: how many people, until when (None: without end)."""

    created_by: int | None = None
    note: str = ""
    max_uses: int = 1
    expires_at: datetime | None = None


async def create_invite(tx: Tx, wish: InviteWish) -> str:
    """Make an invitation and give its code, which is shown once.

    Raises: NodeError `invalid` on `max_uses` or `note`.
    """
    if not 1 <= wish.max_uses <= 1000:
        raise NodeError("invalid", field="max_uses", text=N_("Please choose a number between 1 and 1000."))
    if len(wish.note) > 200:
        raise NodeError("invalid", field="note", text=N_("Please keep the note under 200 characters."))
    secret, digest = tokens.new_secret()
    await invites.put_invite(
        tx,
        invites.NewInvite(
            id=tx.new_id(),
            code_hash=digest,
            created_by=wish.created_by,
            note=wish.note.strip(),
            max_uses=wish.max_uses,
            expires_at=wish.expires_at,
        ),
    )
    return secret


async def revoke_invite(tx: Tx, invite_id: int) -> None:
    """Close an invitation. Raises: NodeError `not_found`."""
    if not await invites.put_revoked(tx, invite_id):
        raise NodeError("not_found", detail="invite")


async def set_preferences(tx: Tx, actor_id: int, chosen: Preferences) -> None:
    """Store how a person reads and writes. Raises: NodeError `invalid` on `default_audience`."""
    if chosen.default_audience not in AUDIENCES:
        raise NodeError("invalid", field="default_audience", text=N_("Please choose one of these."))
    await people.put_preferences(tx, actor_id, chosen)


async def set_quote_policy(tx: Tx, actor_id: int, policy: str) -> None:
    """Store who may quote a person's next posts. Raises: NodeError `invalid` on `quote_policy`."""
    if policy not in ("public", "followers", "nobody"):
        raise NodeError("invalid", field="quote_policy", text=N_("Please choose one of these."))
    await people.put_quote_policy(tx, actor_id, policy)


async def ask_email_change(tx: Tx, node: Node, actor_id: int, email: str) -> None:
    """Send a link to the new address; it counts once it is used.

    An address with another account gets a different mail, and the person sees the same page.
    Raises: NodeError `invalid` on `email`, `too_many_requests`.
    """
    address = names.clean_email(email)
    account = await people.get_account(tx, actor_id)
    if address == account.email:
        raise NodeError("invalid", field="email", text=N_("This is your address already."))
    taken = await people.find_account_by_email(tx, address)
    if taken is not None:
        await letters.send_letter(
            tx, node, letters.to(taken), "address_taken", {"forgot_url": f"{node.origin}/forgot"}
        )
        return
    secret, digest = tokens.new_secret()
    to = letters.Recipient(address, account.locale, account.display_name or account.username)
    values = {"confirm_url": f"{node.origin}/confirm/{secret}", "days": EMAIL_LINK_LIFE.days}
    if await letters.send_letter(tx, node, to, "change_email", values):
        await links.delete_links(tx, actor_id, ("change_email",))
        link = links.Link(actor_id, "change_email", address)
        await links.put_link(tx, digest, link, tx.now + EMAIL_LINK_LIFE)
