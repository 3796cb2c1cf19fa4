"""How a person gets an account: register, prove the address, be let in or turned away.

Owns the rules of the four ways to join (open, approval, invite, closed). It never hashes
passwords (the caller did, outside the transaction) and never says whether an address has an
account already: both cases do the same work and answer alike, only the mail differs.
"""

from datetime import timedelta

import msgspec

from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.accounts import letters, names, tokens
from node.features.accounts.store import invites, links, people
from node.features.accounts.store.people import Account
from node.features.actors import service as actors
from node.features.house import service as house
from node.runtime import Node

LINK_LIFE = timedelta(days=3)
UNCONFIRMED_LIFE = timedelta(days=7)
_LONGEST_ANSWER = 2000


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody entered to join; the password is hashed already."""

    username: str
    email: str
    password_hash: str
    answer: str = ""
    invite_code: str = ""
    locale: str = ""


class _AddressTaken(Exception):
    """Rolls back the work done for an address that has an account."""


async def register(tx: Tx, node: Node, registration: Registration) -> Account | None:
    """Make an unconfirmed account and send the link that proves the address.

    None when the address has an account already: its owner gets a mail that says so, and the
    person registering must be shown the same page either way.
    Raises: NodeError `registration_closed`, `link_expired` (invitation), `invalid` with a field,
    `too_many_requests`.
    """
    username, email = names.clean_username(registration.username), names.clean_email(registration.email)
    await check_may_join(tx, registration.invite_code, registration.answer)
    await people.lock_names(tx, username, email)
    if await people.count_handles(tx, username):
        raise NodeError("invalid", field="username", text=N_("This name is taken. Please choose another."))
    taken = await people.find_account_by_email(tx, email)
    try:
        async with tx.savepoint():  # the same work for a taken address, so that time tells nothing
            account = await _put_new(tx, node, registration, taken)
            if taken is not None:
                raise _AddressTaken
    except _AddressTaken:
        assert taken is not None
        await letters.send_letter(
            tx, node, letters.to(taken), "address_taken", {"forgot_url": f"{node.origin}/forgot"}
        )
        return None
    await send_confirmation(tx, node, account)
    return account


async def check_invite(tx: Tx, invite_code: str) -> None:
    """Whether an invitation could be used now. Raises: NodeError `link_expired`."""
    if await invites.find_open_invite(tx, tokens.digest_of(invite_code)) is None:
        raise NodeError(
            "link_expired", text=N_("This invitation is no longer valid. Please ask for a new one.")
        )


async def check_may_join(tx: Tx, invite_code: str, answer: str) -> None:
    """Whether the door is open for somebody with this code and this answer.

    Raises: NodeError `registration_closed`, `link_expired`, or `invalid` on field `answer`.
    """
    settings = await house.get_settings(tx)
    if settings.registration == "closed" or (settings.registration == "invite" and not invite_code):
        raise NodeError("registration_closed")
    if invite_code:
        await check_invite(tx, invite_code)
    asked = settings.registration == "approval" and settings.question and not invite_code
    if asked and not answer.strip():
        raise NodeError("invalid", field="answer", text=N_("Please answer in a sentence or two."))
    if len(answer) > _LONGEST_ANSWER:
        raise NodeError("invalid", field="answer", text=N_("Please keep your answer under 2000 characters."))


async def _put_new(tx: Tx, node: Node, registration: Registration, taken: Account | None) -> Account:
    invite_id = None
    if registration.invite_code:
        invite_id = await invites.put_use(tx, tokens.digest_of(registration.invite_code))
        if invite_id is None:
            raise NodeError(
                "link_expired", text=N_("This invitation is no longer valid. Please ask for a new one.")
            )
    username = names.clean_username(registration.username)
    actor = await actors.create_local(tx, node, kind="Person", username=username, display_name="")
    if taken is not None:
        return taken
    await people.put_account(
        tx,
        people.NewAccount(
            actor_id=actor.id,
            email=names.clean_email(registration.email),
            password_hash=registration.password_hash,
            role="member",
            state="unconfirmed",
            answer=registration.answer.strip(),
            invite_id=invite_id,
            locale=registration.locale,
        ),
    )
    return await people.get_account(tx, actor.id)


async def create_account(
    tx: Tx,
    node: Node,
    username: str,
    email: str,
    password_hash: str,
    *,
    role: str = "member",
    state: str = "active",
) -> Account:
    """Make an account that works at once, from the command line: nothing to confirm, nobody to ask.

    Raises: NodeError `invalid` with field `username` or `email` when malformed or taken.
    """
    username, email = names.clean_username(username), names.clean_email(email)
    await people.lock_names(tx, username, email)
    if await people.count_handles(tx, username):
        raise NodeError("invalid", field="username", text=N_("This name is taken. Please choose another."))
    if await people.find_account_by_email(tx, email) is not None:
        raise NodeError("invalid", field="email", text=N_("This address has an account already."))
    actor = await actors.create_local(tx, node, kind="Person", username=username, display_name="")
    new = people.NewAccount(
        actor_id=actor.id,
        email=email,
        password_hash=password_hash,
        role=role,
        state=state,
        confirmed_at=tx.now,
    )
    await people.put_account(tx, new)
    return await people.get_account(tx, actor.id)


async def send_confirmation(tx: Tx, node: Node, account: Account) -> bool:
    """Send the link that proves the address; False when the address had too much mail lately."""
    secret, digest = tokens.new_secret()
    values = {"confirm_url": f"{node.origin}/confirm/{secret}", "days": LINK_LIFE.days}
    sent = await letters.send_letter(tx, node, letters.to(account), "confirm", values)
    if sent:
        await links.delete_links(tx, account.actor_id, ("confirm",))
        link = links.Link(account.actor_id, "confirm", account.email)
        await links.put_link(tx, digest, link, tx.now + LINK_LIFE)
    return sent


async def find_confirmation(tx: Tx, secret: str) -> links.Link:
    """What a link of a mail would confirm, without using it up.

    Raises: NodeError `link_expired`.
    """
    link = await links.find_link(tx, tokens.digest_of(secret), ("confirm", "change_email"))
    if link is None:
        raise NodeError("link_expired")
    return link


async def confirm(tx: Tx, node: Node, secret: str) -> Account:
    """Use up a link: the address is proven, and the person is in or waits for approval.

    Raises: NodeError `link_expired`; `conflict` when the new address got an account meanwhile.
    """
    link = await links.delete_link(tx, tokens.digest_of(secret), ("confirm", "change_email"))
    if link is None:
        raise NodeError("link_expired")
    account = await people.get_account(tx, link.actor_id)
    if link.purpose == "change_email":
        await people.lock_names(tx, link.email)
        if await people.find_account_by_email(tx, link.email) is not None:
            raise NodeError("conflict")
        await people.put_email(tx, account.actor_id, link.email)
        await letters.send_letter(tx, node, letters.to(account), "email_changed", {"email": link.email})
        return await people.get_account(tx, account.actor_id)
    settings = await house.get_settings(tx)
    waits = settings.registration == "approval" and account.invite_id is None
    await people.put_state(tx, account.actor_id, ("unconfirmed",), "waiting" if waits else "active")
    if waits:
        await _tell_staff(tx, node, account)
    return await people.get_account(tx, account.actor_id)


async def _tell_staff(tx: Tx, node: Node, account: Account) -> None:
    values = {
        "username": account.username,
        "answer": account.answer,
        "manage_url": f"{node.origin}/manage/people",
    }
    for person in await people.list_staff(tx):
        await letters.send_letter(tx, node, letters.to(person), "somebody_waits", values)


async def approve(tx: Tx, node: Node, actor_id: int) -> Account:
    """Let a waiting person in and tell them.

    Raises: NodeError `not_found`, `conflict` when somebody else decided already.
    """
    if not await people.put_state(tx, actor_id, ("waiting",), "active"):
        await people.get_account(tx, actor_id)
        raise NodeError("conflict")
    account = await people.get_account(tx, actor_id)
    await letters.send_letter(
        tx, node, letters.to(account), "approved", {"sign_in_url": f"{node.origin}/sign-in"}
    )
    return account


async def refuse(tx: Tx, node: Node, actor_id: int, message: str = "") -> None:
    """Turn a waiting person away, with a sentence of the house if it has one, and forget them.

    Raises: NodeError `not_found`, `conflict` when somebody else decided already.
    """
    account = await people.get_account(tx, actor_id)
    if account.state != "waiting":
        raise NodeError("conflict")
    await letters.send_letter(tx, node, letters.to(account), "refused", {"message": message.strip()[:2000]})
    await people.delete_never_seen(tx, actor_id)


async def forget_unconfirmed(tx: Tx) -> None:
    """Remove people who never proved their address, and give their invitations back."""
    for actor_id, invite_id in await people.list_stale_unconfirmed(tx, tx.now - UNCONFIRMED_LIFE):
        if invite_id is not None:
            await invites.put_use_back(tx, invite_id)
        await people.delete_never_seen(tx, actor_id)
