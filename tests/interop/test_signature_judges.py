"""Our signatures before other people's code, and theirs before ours: draft-cavage and object proofs.

They bring packages along, so they run only when asked for: `allmende dev test -m foreign`. RFC 9421 is Fedify's to
judge (`test_fedify_proofs`): apsig knows no `@target-uri`, and Misskey's package verifies the draft only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from federation import keys, proofs
from federation.keys import PublicKey, Signer
from federation.signatures import cavage
from federation.signatures.message import Outgoing, SignedRequest
from federation.signatures.verify import read_claim
from tests.federation.peers import key
from tests.interop import signature_judges

pytestmark = pytest.mark.foreign
ORIGIN = "https://lindenhof.example"
KEY_ID = f"{ORIGIN}/ap/users/1#main-key"
BODY = '{"type":"Like","content":"Grüße"}'
Judge = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def our_wish(secret: Any, body: str = BODY) -> dict[str, Any]:
    """A request as we sign it, with the keys for the judge."""
    outgoing = Outgoing("POST", f"{ORIGIN}/inbox", BODY.encode())
    headers = cavage.sign(outgoing, Signer(KEY_ID, secret), datetime.now(UTC))
    return {
        "method": "POST", "path": "/inbox", "url": f"{ORIGIN}/inbox", "headers": headers, "body": body, "keyId": KEY_ID,
        "publicPem": keys.public_pem(secret), "privatePem": keys.private_pem(secret),
    }  # fmt: skip


def believed(headers: dict[str, str], secret: Any) -> bool:
    """Whether we take what they signed."""
    given = tuple((name, value) for name, value in headers.items() if name.lower() != "authorization")
    request = SignedRequest("POST", "/inbox", given, BODY.encode())
    claim = read_claim(request, datetime.now(UTC), ORIGIN)
    public = PublicKey(KEY_ID, KEY_ID.partition("#")[0], keys.public_pem(secret))
    return claim.key_id == KEY_ID and claim.proved_by(public)


@pytest.mark.parametrize(
    "judge", [signature_judges.misskey, signature_judges.apsig], ids=["misskey", "apsig"]
)
async def test_our_signature_is_believed_and_theirs_by_us(judge: Judge) -> None:
    secret = key("author")
    said = await judge(our_wish(secret))
    assert said["keyId"] == KEY_ID
    assert said.get("signature", True) is True and said.get("digest", True) is True
    assert believed(said["signed"], secret)


@pytest.mark.parametrize(
    "judge", [signature_judges.misskey, signature_judges.apsig], ids=["misskey", "apsig"]
)
async def test_another_body_or_target_is_believed_by_nobody(judge: Judge) -> None:
    said = await judge(our_wish(key("author"), body=BODY + " "))
    assert said.get("keyId") is None or said["digest"] is not True
    wish = our_wish(key("author")) | {"path": "/outbox", "url": f"{ORIGIN}/outbox"}
    said = await judge(wish)
    assert said.get("keyId") is None or said["signature"] is not True


async def test_our_object_proof_is_believed_by_apsig_and_its_by_us() -> None:
    secret = keys.generate_ed25519()
    now = datetime.now(UTC)
    key_id = f"{ORIGIN}/ap/users/1#ed25519-key"
    bare = proofs.with_context({
        "@context": ["https://www.w3.org/ns/activitystreams"], "id": f"{ORIGIN}/ap/likes/1", "type": "Like",
        "actor": f"{ORIGIN}/ap/users/1", "object": "https://peer.example/n/1", "content": "Grüße",
    })  # fmt: skip
    ours = proofs.add_proof(bare, Signer(key_id, secret), now)
    options = {name: value for name, value in ours["proof"].items() if name not in ("proofValue", "@context")}
    wish = {"document": ours, "bare": bare, "options": options,
            "publicPem": keys.public_pem(secret), "privatePem": keys.private_pem(secret)}  # fmt: skip
    said = await signature_judges.apsig(wish)
    assert said["method"] == key_id
    public = PublicKey(key_id, f"{ORIGIN}/ap/users/1", keys.public_pem(secret))
    claim = proofs.read(said["document"], now)
    assert claim is not None and claim.proved_by(public)
    said = await signature_judges.apsig(wish | {"document": ours | {"content": "Anderes"}})
    assert said["method"] is None
