"""Joining: the four doors, the proof of an address, approval, invitations, forgetting."""

import asyncio

import pytest

from node.errors import NodeError
from node.features.accounts import registration, service
from node.features.accounts.registration import Registration
from node.features.accounts.store import people
from node.features.house import service as house
from tests.node.features.accounts.mailbox import letters_to, secret_in


async def open_door(node, mode="open", question=""):
    async with node.db.tx() as tx:
        await house.put_settings(
            tx, house.HouseSettings(registration=mode, question=question, name="Lindenhof")
        )


def wish(**changes):
    given = {"username": "amina", "email": "amina@example.org", "password_hash": "x"} | changes
    return Registration(**given)


async def join(node, **changes):
    async with node.db.tx() as tx:
        return await service.register(tx, node, wish(**changes))


async def confirm(node, email="amina@example.org"):
    secret = secret_in((await letters_to(node, email))[-1], "/confirm/")
    async with node.db.tx() as tx:
        return await service.confirm(tx, node, secret)


async def test_an_open_door_lets_people_in_once_their_address_is_proven(node):
    await open_door(node)
    account = await join(node)
    assert account.state == "unconfirmed"
    assert (await confirm(node)).state == "active"


async def test_with_approval_a_proven_person_waits_and_the_staff_hears_of_it(node):
    await open_door(node, "approval", "What brings you here?")
    async with node.db.tx() as tx:
        await service.create_account(tx, node, "boss", "boss@example.org", "x", role="admin")
    account = await join(node, answer="I repair bikes.")
    assert (await confirm(node)).state == "waiting"
    assert "I repair bikes." in (await letters_to(node, "boss@example.org"))[-1].body_text
    async with node.db.tx() as tx:
        assert (await service.approve(tx, node, account.actor_id)).state == "active"
    assert "/sign-in" in (await letters_to(node, "amina@example.org"))[-1].body_text
    async with node.db.tx() as tx:
        with pytest.raises(NodeError, match="conflict"):
            await service.approve(tx, node, account.actor_id)


async def test_a_refused_person_is_told_and_forgotten(node):
    await open_door(node, "approval")
    account = await join(node)
    await confirm(node)
    async with node.db.tx() as tx:
        await service.refuse(tx, node, account.actor_id, "We are full this year.")
    async with node.db.tx() as tx:
        assert await service.find_account_by_email(tx, "amina@example.org") is None
        assert await people.count_handles(tx, "amina") == 0
    assert "We are full this year." in (await letters_to(node, "amina@example.org"))[-1].body_text


async def test_an_active_person_cannot_be_refused(node):
    await open_door(node)
    account = await join(node)
    await confirm(node)
    async with node.db.tx() as tx:
        with pytest.raises(NodeError, match="conflict"):
            await service.refuse(tx, node, account.actor_id)


@pytest.mark.parametrize(
    ("mode", "changes", "code", "field"),
    [
        pytest.param("closed", {}, "registration_closed", "", id="closed"),
        pytest.param("invite", {}, "registration_closed", "", id="invite-without-code"),
        pytest.param("open", {"invite_code": "made-up"}, "link_expired", "", id="unknown-code"),
        pytest.param("approval", {"answer": "  "}, "invalid", "answer", id="no-answer"),
        pytest.param("open", {"username": "admin"}, "invalid", "username", id="reserved-name"),
        pytest.param("open", {"username": "a b"}, "invalid", "username", id="spaces"),
        pytest.param("open", {"username": "émile"}, "invalid", "username", id="accent"),
        pytest.param("open", {"username": "a" * 31}, "invalid", "username", id="too-long"),
        pytest.param("open", {"email": "nowhere"}, "invalid", "email", id="no-at"),
        pytest.param("open", {"email": "a@b.org\nBcc: x@y.org"}, "invalid", "email", id="header-injection"),
    ],
)
async def test_what_cannot_join_is_refused_with_a_reason(node, mode, changes, code, field):
    await open_door(node, mode, "Why?")
    with pytest.raises(NodeError) as caught:
        await join(node, **changes)
    assert (caught.value.code, caught.value.field) == (code, field)


async def test_a_name_that_is_taken_is_refused_whatever_the_capitals(node):
    await open_door(node)
    await join(node)
    with pytest.raises(NodeError) as caught:
        await join(node, username="@Amina", email="other@example.org")
    assert caught.value.field == "username"


async def test_enm_01_an_address_with_an_account_looks_like_a_new_one_and_only_its_owner_learns(node):
    await open_door(node)
    await join(node)
    assert await join(node, username="impostor") is None
    subject = (await letters_to(node, "amina@example.org"))[-1].subject
    assert subject == "You have an account at Lindenhof already"
    async with node.db.tx() as tx:
        assert await people.count_handles(tx, "impostor") == 0


async def make_invite(node, **changes):
    async with node.db.tx() as tx:
        return await service.create_invite(tx, service.InviteWish(**changes))


async def test_an_invitation_opens_the_door_without_approval(node):
    await open_door(node, "approval", "Why?")
    await join(node, invite_code=await make_invite(node))
    assert (await confirm(node)).state == "active"


async def test_aut_13_a_used_up_invitation_is_refused(node):
    await open_door(node, "invite")
    code = await make_invite(node)
    await join(node, invite_code=code)
    with pytest.raises(NodeError, match="link_expired"):
        await join(node, username="second", email="second@example.org", invite_code=code)


async def test_aut_13_an_expired_invitation_is_refused(node, clock):
    await open_door(node, "invite")
    code = await make_invite(node, expires_at=clock.now())
    with pytest.raises(NodeError, match="link_expired"):
        await join(node, invite_code=code)


async def test_aut_13_a_revoked_invitation_is_refused(node):
    await open_door(node, "open")
    code = await make_invite(node)
    async with node.db.tx() as tx:
        invite_id = await tx.fetchval("SELECT id FROM invites")
        await service.revoke_invite(tx, invite_id)
    with pytest.raises(NodeError, match="link_expired"):
        await join(node, invite_code=code)


async def test_aut_13_of_many_people_with_the_last_use_exactly_one_gets_in(node):
    await open_door(node, "invite")
    code = await make_invite(node)

    async def one(number):
        try:
            await join(node, username=f"p{number}", email=f"p{number}@example.org", invite_code=code)
        except NodeError as error:
            return error.code
        return "in"

    outcomes = await asyncio.gather(*(one(number) for number in range(6)))
    assert sorted(outcomes) == ["in"] + ["link_expired"] * 5


async def test_two_people_with_one_name_at_once_do_not_both_get_it(node):
    await open_door(node)

    async def one(number):
        try:
            return await join(node, email=f"p{number}@example.org") is not None
        except NodeError as error:
            return error.field

    outcomes = await asyncio.gather(*(one(number) for number in range(4)))
    assert sorted(map(str, outcomes)) == ["True", "username", "username", "username"]


async def test_a_confirmation_works_once(node):
    await open_door(node)
    await join(node)
    await confirm(node)
    with pytest.raises(NodeError, match="link_expired"):
        await confirm(node)


async def test_a_confirmation_expires(node, clock):
    await open_door(node)
    await join(node)
    clock.advance(days=3, seconds=1)
    with pytest.raises(NodeError, match="link_expired"):
        await confirm(node)


async def test_people_who_never_prove_their_address_are_forgotten_and_their_invitation_counts_again(
    node, clock
):
    await open_door(node, "invite")
    code = await make_invite(node)
    await join(node, invite_code=code)
    clock.advance(days=8)
    async with node.db.tx() as tx:
        await registration.forget_unconfirmed(tx)
    assert await join(node, invite_code=code) is not None


async def test_a_new_address_counts_only_once_it_is_proven_and_the_old_one_is_told(node):
    await open_door(node)
    account = await join(node)
    await confirm(node)
    async with node.db.tx() as tx:
        await service.ask_email_change(tx, node, account.actor_id, "New@Example.org")
        assert (await service.get_account(tx, account.actor_id)).email == "amina@example.org"
    assert (await confirm(node, "new@example.org")).email == "new@example.org"
    assert "new@example.org" in (await letters_to(node, "amina@example.org"))[-1].body_text


async def test_changing_to_an_address_of_somebody_else_changes_nothing(node):
    await open_door(node)
    account = await join(node)
    await join(node, username="olena", email="olena@example.org")
    async with node.db.tx() as tx:
        await service.ask_email_change(tx, node, account.actor_id, "olena@example.org")
    assert "already" in (await letters_to(node, "olena@example.org"))[-1].subject
    async with node.db.tx() as tx:
        assert await tx.fetchval("SELECT count(*) FROM mail_tokens WHERE purpose = 'change_email'") == 0


@pytest.mark.parametrize("route", ["register", "resend", "reset", "change_email"])
async def test_rl_03_one_address_gets_at_most_five_mails_an_hour(node, route):
    await open_door(node)
    account = await join(node)
    for number in range(20):
        async with node.db.tx() as tx:
            if route == "register":
                await service.register(tx, node, wish(username=f"bomb{number}"))
            elif route == "resend":
                await service.send_confirmation(tx, node, account)
            elif route == "reset":
                await service.ask_reset(tx, node, "amina@example.org")
            else:
                other = await service.create_account(tx, node, f"b{number}", f"b{number}@example.org", "x")
                await service.ask_email_change(tx, node, other.actor_id, "amina@example.org")
    assert len(await letters_to(node, "amina@example.org")) == 5


async def test_rl_03_the_node_as_a_whole_has_a_cap(node, monkeypatch):
    monkeypatch.setattr("node.features.accounts.mail.EVERYBODY_AN_HOUR", 3)
    await open_door(node)
    for number in range(3):
        await join(node, username=f"p{number}", email=f"p{number}@example.org")
    with pytest.raises(NodeError) as caught:
        await join(node, username="p4", email="p4@example.org")
    assert (caught.value.code, caught.value.retry_after_s) == ("too_many_requests", 3600)


async def test_the_last_admin_cannot_step_down_or_be_closed_out(node):
    async with node.db.tx() as tx:
        boss = await service.create_account(tx, node, "boss", "boss@example.org", "x", role="admin")
    async with node.db.tx() as tx:
        with pytest.raises(NodeError, match="invalid"):
            await service.set_role(tx, boss.actor_id, "member")
        with pytest.raises(NodeError, match="invalid"):
            await service.set_closed(tx, boss.actor_id, True)
