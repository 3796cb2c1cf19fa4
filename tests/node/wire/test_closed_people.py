"""People who were not let in yet are nobody to the outside (AUT-12)."""

from __future__ import annotations

import aiohttp
import pytest

from node.features.accounts import passwords, registration
from node.features.actors.store.reads import get_actor
from tests.rig import RigNode

AP = {"Accept": "application/activity+json"}


@pytest.mark.parametrize("state", ["unconfirmed", "waiting"])
async def test_somebody_who_waits_is_found_nowhere(lindenhof: RigNode, state: str) -> None:
    hashed = await passwords.hash_password("a quiet password")
    async with lindenhof.db.tx() as tx:
        account = await registration.create_account(
            tx, lindenhof.node, "neu", "neu@example.org", hashed, state=state
        )
        actor = await get_actor(tx, account.actor_id)
    acct = f"acct:neu@{lindenhof.host}"
    async with aiohttp.ClientSession() as session:
        for address in (
            f"{lindenhof.origin}/.well-known/webfinger?resource={acct}",
            actor.uri,
            actor.outbox_uri,
            actor.followers_uri,
            actor.url,
        ):
            async with session.get(address, headers=AP) as answer:
                assert answer.status == 404, address
