"""Signing in and staying signed in: passwords, browser sessions, forgotten passwords.

Owns when a session begins, lives and ends. A new password ends every session and every
program's access at once, whoever set it (page or command line). Called by pages, guard and CLI.
"""

from datetime import timedelta

from node.appkeys import Viewer
from node.db.database import Tx
from node.errors import NodeError
from node.features.accounts import letters, names, passwords, tokens
from node.features.accounts.store import links, people, sessions
from node.features.accounts.store.people import Account
from node.runtime import Node

SESSION_LIFE = timedelta(days=60)  # after the last use
SEEN_STEP = timedelta(hours=1)  # `seen_at` is written at most this often
RESET_LIFE = timedelta(hours=2)
_LONGEST_USER_AGENT = 300


class _Unsent(Exception):
    """Rolls back the letter that was only written to take the same time."""


async def check_password(node: Node, email_or_username: str, password: str) -> Account:
    """The account that this name and password open, whatever its state.

    An unknown name takes as long as a wrong password. Raises: NodeError `wrong_password`.
    """
    login = email_or_username.strip().removeprefix("@").lower()[:255].replace("\x00", "\ufffd")
    async with node.db.read() as tx:
        found = await people.find_credentials(tx, login)
    if not await passwords.matches(found.password_hash if found else None, password) or found is None:
        raise NodeError("wrong_password")
    fresh = await passwords.hash_password(password) if passwords.is_outdated(found.password_hash) else ""
    async with node.db.tx() as tx:
        if fresh:
            await people.put_password(tx, found.actor_id, fresh)
        return await people.get_account(tx, found.actor_id)


async def open_session(tx: Tx, actor_id: int, user_agent: str) -> str:
    """Begin a browser session and give the cookie's value; it is not kept anywhere else."""
    secret, digest = tokens.new_secret()
    new = sessions.NewSession(
        token_hash=digest,
        id=tx.new_id(),
        actor_id=actor_id,
        csrf=tokens.new_csrf(),
        user_agent=user_agent.replace("\x00", "")[:_LONGEST_USER_AGENT],
        expires_at=tx.now + SESSION_LIFE,
    )
    await sessions.put_session(tx, new)
    return secret


async def viewer_for_session(tx: Tx, token: str) -> Viewer | None:
    """The person behind a cookie, in one indexed query; None for an unknown or expired one.

    The state is the caller's to look at: people who wait or are closed out have sessions too.
    """
    row = await sessions.find_session(tx, tokens.digest_of(token))
    if row is None:
        return None
    if tx.now - row.seen_at >= SEEN_STEP:
        await sessions.put_seen(tx, row.session_id, row.actor_id, tx.now + SESSION_LIFE)
    return Viewer(
        actor_id=row.actor_id,
        username=row.username,
        display_name=row.display_name,
        avatar_url=row.avatar_url,
        role=row.role,
        state=row.state,
        locale=row.locale,
        time_zone=row.time_zone,
        default_audience=row.default_audience,
        default_language=row.default_language,
        unread=row.unread,
        csrf=row.csrf,
        session_id=row.session_id,
    )


async def close_session(tx: Tx, actor_id: int, session_id: int) -> None:
    """End one of the person's own sessions. Raises: NodeError `not_found`, also for others' sessions."""
    if not await sessions.delete_session(tx, actor_id, session_id):
        raise NodeError("not_found", detail="session")


async def close_other_sessions(tx: Tx, actor_id: int, keep_id: int) -> None:
    """End every session of the person but the one in use."""
    await sessions.delete_other_sessions(tx, actor_id, keep_id)


async def set_password(tx: Tx, node: Node, actor_id: int, password_hash: str) -> None:
    """Store a new password; every session, token and open link of the person ends now.

    Raises: NodeError `not_found`.
    """
    account = await people.get_account(tx, actor_id)
    await people.put_password(tx, actor_id, password_hash)
    await sessions.delete_other_sessions(tx, actor_id, 0)
    await sessions.delete_tokens(tx, actor_id)
    await links.delete_links(tx, actor_id, ("reset", "change_email"))
    await letters.send_letter(
        tx, node, letters.to(account), "password_changed", {"forgot_url": f"{node.origin}/forgot"}
    )


async def ask_reset(tx: Tx, node: Node, email: str) -> None:
    """Send a link for a new password, if the address has an account; nobody learns whether it has.

    Raises: NodeError `invalid` for what cannot be an address, `too_many_requests`.
    """
    address = names.clean_email(email)
    account = await people.find_account_by_email(tx, address)
    secret, digest = tokens.new_secret()
    values = {"reset_url": f"{node.origin}/reset/{secret}", "hours": RESET_LIFE.seconds // 3600}
    try:
        async with tx.savepoint():
            to = letters.to(account) if account else letters.Recipient(address, "", "")
            sent = await letters.send_letter(tx, node, to, "reset", values)
            if account is None:
                raise _Unsent
    except _Unsent:
        return
    if sent and account is not None:
        await links.put_link(tx, digest, links.Link(account.actor_id, "reset", address), tx.now + RESET_LIFE)


async def find_reset(tx: Tx, secret: str) -> Account:
    """Whose password a link would set, without using it up. Raises: NodeError `link_expired`."""
    link = await links.find_link(tx, tokens.digest_of(secret), ("reset",))
    if link is None:
        raise NodeError("link_expired")
    return await people.get_account(tx, link.actor_id)


async def reset_password(tx: Tx, node: Node, secret: str, password_hash: str) -> Account:
    """Use up a link and set the password; the mail also proved the address.

    Raises: NodeError `link_expired`.
    """
    link = await links.delete_link(tx, tokens.digest_of(secret), ("reset",))
    if link is None:
        raise NodeError("link_expired")
    account = await people.get_account(tx, link.actor_id)
    if account.email != link.email:
        raise NodeError("link_expired", detail="the address changed since")
    await set_password(tx, node, account.actor_id, password_hash)
    return account
