"""Both signature schemes, without I/O: what is accepted, and every way to be refused."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from federation import keys
from federation.errors import FederationError
from federation.keys import PublicKey, Signer
from federation.signatures import cavage, digest, rfc9421
from federation.signatures.message import Outgoing, SignedRequest, check_window, http_date, parse_date
from federation.signatures.verify import read_claim
from tests.federation.peers import NOW, ORIGIN, key, replaced, signed

KEY_ID = "https://evil.test/u/e#main-key"
BODY = b'{"id":"https://evil.test/1","type":"Create"}'
TWO_DIGESTS = ",".join(digest.digest_of(digest.sha256_base64(body)) for body in (BODY, b""))
EVE = Signer(KEY_ID, key("eve"))
EVE_KEY = PublicKey(KEY_ID, "https://evil.test/u/e", keys.public_pem(key("eve")))
VECTORS = Path(__file__).parents[2].parent / "shared" / "interop" / "vectors.json"


def hand_made(
    covered: str, *, target: str = "/inbox", body: bytes = BODY, parameters: str = 'algorithm="rsa-sha256",',
    signed_target: str = "", **headers: str,
) -> SignedRequest:  # fmt: skip
    """A cavage request signed over exactly what is asked for, sensible or not."""
    sent = {
        "host": "local.test",
        "date": http_date(NOW),
        "digest": digest.digest_of(digest.sha256_base64(body)),
        **headers,
    }
    lines = []
    values = dict(
        part.strip().partition("=")[::2] for part in parameters.strip(",").split(",") if "=" in part
    )
    for name in covered.split():
        if name == "(request-target)":
            lines.append(f"(request-target): post {signed_target or target}")
        elif name.startswith("("):
            lines.append(f"{name}: {values.get(name[1:-1], '')}")
        else:
            lines.append(f"{name}: {sent.get(name, '')}")
    signature = b64encode(EVE.sign("\n".join(lines).encode())).decode()
    header = f'keyId="{KEY_ID}",{parameters}headers="{covered}",signature="{signature}"'
    return SignedRequest("POST", target, (*sent.items(), ("Signature", header)), body)


def proved(request: SignedRequest, public: PublicKey = EVE_KEY) -> bool:
    return read_claim(request, NOW, ORIGIN).proved_by(public)


FULL = "(request-target) host date digest"


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
@pytest.mark.parametrize("target", ["/inbox", "/u/%61/inbox", "//inbox", "/inbox?x=1&y=%20"])
def test_what_we_sign_we_accept(scheme: str, target: str) -> None:
    assert proved(signed(BODY, EVE, scheme=scheme, target=target))
    ed = Signer(KEY_ID, key("ed-eve"))
    public = PublicKey(KEY_ID, "o", multibase=keys.multikey(key("ed-eve")))  # type: ignore[arg-type]  # it is Ed25519
    assert proved(signed(BODY, ed, scheme=scheme, target=target), public)


def test_extra_headers_are_covered() -> None:
    for sign, scheme in ((cavage.sign, "cavage"), (rfc9421.sign, "rfc9421")):
        message = Outgoing("POST", ORIGIN + "/inbox", BODY, extra=(("Collection-Synchronization", "a=b"),))
        request = SignedRequest("POST", "/inbox", tuple(sign(message, EVE, NOW).items()), BODY)
        assert proved(request), scheme
        assert not proved(replaced(request, "Collection-Synchronization", "a=c")), scheme


ACCEPTED = {
    "hs2019": hand_made(FULL, parameters='algorithm="hs2019",'),
    "no algorithm": hand_made(FULL, parameters=""),
    "created only": hand_made(
        "(request-target) (created) host digest",
        parameters=f'algorithm="hs2019",created={int(NOW.timestamp())},',
    ),
    "SIG-15 query left out of the signature": hand_made(FULL, target="/inbox?x=1", signed_target="/inbox"),
    "more headers": hand_made(FULL + " content-type", **{"content-type": "application/activity+json"}),
}


@pytest.mark.parametrize("request_", ACCEPTED.values(), ids=ACCEPTED)
def test_the_dialects_of_honest_peers_are_accepted(request_: SignedRequest) -> None:
    assert proved(request_)


def _signature(change: Callable[[str], str], request: SignedRequest | None = None) -> SignedRequest:
    request = request or signed(BODY, EVE)
    header = {name.lower(): value for name, value in request.headers}["signature"]
    return replaced(request, "Signature", change(header))


def _at(**ago: float) -> SignedRequest:
    return signed(BODY, EVE, now=NOW - timedelta(**ago))


def _swap_body(request: SignedRequest, body: bytes = b"{}") -> SignedRequest:
    return SignedRequest(request.method, request.target, request.headers, body)


REFUSED: dict[str, tuple[SignedRequest, str]] = {
    "SIG-01 date only": (hand_made("date"), "signature_coverage"),
    "SIG-01 target and date": (hand_made("(request-target) date"), "signature_coverage"),
    "SIG-01 without digest": (hand_made("(request-target) host date"), "signature_coverage"),
    "SIG-01 without host": (hand_made("(request-target) date digest"), "signature_coverage"),
    "SIG-01 no headers at all": (
        _signature(lambda header: header.replace("headers=", "heeders=")), "signature_coverage"),
    "SIG-02 body swapped, digest kept": (_swap_body(signed(BODY, EVE)), "digest_mismatch"),
    "SIG-02 MD5": (hand_made(FULL, digest="MD5=abc"), "digest_mismatch"),
    "SIG-02 empty": (hand_made(FULL, digest="SHA-256="), "digest_mismatch"),
    "SIG-02 listed twice": (
        hand_made(FULL, digest=TWO_DIGESTS), "digest_mismatch"),
    "SIG-02 two headers": (
        SignedRequest("POST", "/inbox", (*signed(BODY, EVE).headers, ("digest", "SHA-256=x")), BODY),
        "duplicate_header"),
    "SIG-08 keyId twice": (_signature(lambda header: f'keyId="https://victim.test/u#k",{header}'), "bad_signature_header"),
    "SIG-08 headers twice": (_signature(lambda header: f'{header},Headers="date"'), "bad_signature_header"),
    "SIG-08 two signature headers": (
        SignedRequest("POST", "/inbox", (*signed(BODY, EVE).headers, signed(BODY, EVE).headers[-1]), BODY),
        "duplicate_header"),
    "SIG-08 covered twice": (hand_made(FULL + " date"), "bad_signature_header"),
    "SIG-09 both schemes, cavage signature": (
        SignedRequest("POST", "/inbox", (*signed(BODY, EVE).headers, ("Signature-Input",
            'sig1=("@method" "@target-uri" "content-digest");created=1;keyid="https://victim.test/u#k"')), BODY),
        "bad_signature_header"),
    "SIG-10 no time": (hand_made("(request-target) host digest"), "signature_coverage"),
    "SIG-10 garbage date": (hand_made(FULL, date="garbage"), "bad_date"),
    "SIG-10 date out of range": (hand_made(FULL, date="Mon, 99 Nov 99999 10:15:00 GMT"), "bad_date"),
    "SIG-10 created empty": (
        hand_made("(request-target) (created) host digest", parameters='algorithm="hs2019",created="",'), "bad_date"),
    "SIG-10 created zero": (
        hand_made("(request-target) (created) host digest", parameters='algorithm="hs2019",created=0,'),
        "signature_stale"),
    "SIG-10 expires in ten years": (
        hand_made(FULL + " (expires)",
            parameters=f'algorithm="hs2019",expires={int(NOW.timestamp()) + 315_000_000},'), "signature_window"),
    "SIG-10 created under the old name": (
        hand_made("(request-target) (created) host digest",
            parameters=f'algorithm="rsa-sha256",created={int(NOW.timestamp())},'), "bad_algorithm"),
    "SIG-14 other host": (replaced(signed(BODY, EVE), "Host", "other.test"), "wrong_host"),
    "SIG-14 signed for another host": (signed(BODY, EVE, origin="https://other.test"), "wrong_host"),
    "CLK-01 two hours old": (_at(hours=2), "signature_stale"),
    "CLK-01 a day early": (_at(days=-1), "signature_stale"),
    "CLK-01 a day old": (_at(days=1), "signature_stale"),
    "missing": (replaced(signed(BODY, EVE), "Signature", None), "signature_missing"),
    "no keyId": (_signature(lambda header: header.replace("keyId=", "key=")), "bad_signature_header"),
    "keyId is no URL": (_signature(lambda header: header.replace("https://evil", "acct:evil")), "bad_signature_header"),
    "garbage": (_signature(lambda header: "a b c"), "bad_signature_header"),
    "too long": (_signature(lambda header: header + ',x="' + "y" * 9000 + '"'), "bad_signature_header"),
    "covers an absent header": (hand_made(FULL + " x-absent"), "bad_signature_header"),
    "SIG-11 empty signature": (
        _signature(lambda header: header.partition("signature=")[0] + 'signature=""'), "bad_signature_header"),
    "signature is no base64": (
        _signature(lambda header: header.partition("signature=")[0] + 'signature="!!"'), "bad_signature_header"),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "code"), REFUSED.values(), ids=REFUSED)
def test_a_cavage_signature_with_a_gap_is_refused_before_any_key(request_: SignedRequest, code: str) -> None:
    with pytest.raises(FederationError) as refusal:
        read_claim(request_, NOW, ORIGIN)
    assert (refusal.value.code, refusal.value.status) == (code, 401)


UNPROVED = {
    "SIG-14 other inbox": SignedRequest("POST", "/u/b/inbox", signed(BODY, EVE, target="/u/a/inbox").headers, BODY),
    "SIG-15 %61 is not a": SignedRequest("POST", "/u/a/inbox", signed(BODY, EVE, target="/u/%61/inbox").headers, BODY),
    "SIG-15 // is not /": SignedRequest("POST", "/inbox", signed(BODY, EVE, target="//inbox").headers, BODY),
    "SIG-15 query added by the signer": SignedRequest(
        "POST", "/inbox", signed(BODY, EVE, target="/inbox?x=1").headers, BODY),
    "SIG-02 digest recomputed": replaced(
        _swap_body(signed(BODY, EVE)), "Digest", digest.digest_of(digest.sha256_base64(b"{}"))),
    "date moved": replaced(_at(minutes=30), "Date", http_date(NOW)),
    "other key": signed(BODY, Signer(KEY_ID, key("mallory"))),
}  # fmt: skip


@pytest.mark.parametrize("request_", UNPROVED.values(), ids=UNPROVED)
def test_a_signature_over_something_else_is_not_proved(request_: SignedRequest) -> None:
    assert not proved(request_)


@pytest.mark.parametrize("minutes", [50, 4, -4, -6, 64, -59])
@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
def test_clk_01_clocks_within_the_stated_window_are_accepted(scheme: str, minutes: int) -> None:
    assert proved(signed(BODY, EVE, scheme=scheme, now=NOW - timedelta(minutes=minutes)))


@pytest.mark.parametrize("name", ["none", "hmac-sha256", "rsa-sha1", "ed25519", "RSA-SHA256 "])
def test_sig_11_an_algorithm_that_does_not_fit_the_key_is_refused(name: str) -> None:
    with pytest.raises(FederationError) as refusal:
        proved(hand_made(FULL, parameters=f'algorithm="{name}",'))
    assert refusal.value.code == "bad_algorithm"


def test_sig_11_an_rsa_label_on_an_ed25519_key_is_refused() -> None:
    public = PublicKey(KEY_ID, "o", multibase=keys.multikey(key("ed-eve")))  # type: ignore[arg-type]
    with pytest.raises(FederationError):
        proved(signed(BODY, EVE), public)


def test_the_window_is_stated_to_the_second() -> None:
    made = NOW.timestamp()
    check_window(made, None, NOW + timedelta(seconds=3900))
    check_window(made, made + 12 * 3600, NOW + timedelta(hours=13))
    for expires, late in ((None, 3901), (None, -3601), (made + 12 * 3600, 13 * 3600 + 1)):
        with pytest.raises(FederationError):
            check_window(made, expires, NOW + timedelta(seconds=late))
    for expires in (made + 12 * 3600 + 1, made - 1):
        with pytest.raises(FederationError):
            check_window(made, expires, NOW)


# RFC 9421: the table of cases that libraries got wrong, made by hand.


def rfc(
    components: str = '"@method" "@target-uri" "content-digest"', parameters: str = "", *,
    body: bytes = BODY, label: str = "sig1", values: dict[str, str] | None = None, **headers: str,
) -> SignedRequest:  # fmt: skip
    parameters = parameters or f';created={int(NOW.timestamp())};keyid="{KEY_ID}"'
    sent = {
        "host": "local.test",
        "content-digest": digest.content_digest_of(digest.sha256_base64(body)),
        **headers,
    }
    known = {
        "@method": "POST", "@target-uri": ORIGIN + "/inbox", "@authority": "local.test", "@path": "/inbox",
        "@query": "?", "@scheme": "https", "@request-target": "/inbox", **sent, **(values or {}),
    }  # fmt: skip
    lines = [f"{name}: {known.get(name.strip(chr(34)), '')}" for name in components.split()]
    base = "\n".join([*lines, f'"@signature-params": ({components}){parameters}'])
    signature = b64encode(EVE.sign(base.encode())).decode()
    sent |= {"signature-input": f"{label}=({components}){parameters}", "signature": f"{label}=:{signature}:"}
    return SignedRequest("POST", "/inbox", tuple(sent.items()), body)


def _created(ago: int, more: str = "") -> str:
    return f';created={int(NOW.timestamp()) - ago};keyid="{KEY_ID}"{more}'


RFC_ACCEPTED = {
    "no alg": rfc(),
    "other order of parameters": rfc(parameters=f';keyid="{KEY_ID}";created={int(NOW.timestamp())}'),
    "alg": rfc(parameters=_created(0, ';alg="rsa-v1_5-sha256"')),
    "nonce and tag": rfc(parameters=_created(0, ';nonce="n";tag="t"')),
    "authority and path": rfc('"@method" "@authority" "@path" "content-digest"'),
    "authority and request-target": rfc('"@method" "@authority" "@request-target" "content-digest"'),
    "other label": rfc(label="fedify"),
    "expires": rfc(parameters=_created(0, f";expires={int(NOW.timestamp()) + 60}")),
}


@pytest.mark.parametrize("request_", RFC_ACCEPTED.values(), ids=RFC_ACCEPTED)
def test_rfc_9421_in_its_honest_forms_is_accepted(request_: SignedRequest) -> None:
    assert proved(request_)


RFC_REFUSED = {
    "digest not covered": (rfc('"@method" "@target-uri"'), "signature_coverage"),
    "digest covered, body swapped": (_swap_body(rfc()), "digest_mismatch"),
    "digest of another kind": (rfc(**{"content-digest": "sha-512=:AAAA:"}), "digest_mismatch"),
    "digest malformed": (rfc(**{"content-digest": "sha-256=AAAA"}), "digest_mismatch"),
    "a day old": (rfc(parameters=_created(86400)), "signature_stale"),
    "expired": (rfc(parameters=_created(7200, f";expires={int(NOW.timestamp()) - 3700}")), "signature_stale"),
    "expires as text": (rfc(parameters=_created(0, ';expires="9"')), "bad_signature_header"),
    "no created": (rfc(parameters=f';keyid="{KEY_ID}"'), "bad_signature_header"),
    "no keyid": (rfc(parameters=f";created={int(NOW.timestamp())}"), "bad_signature_header"),
    "keyid twice": (rfc(parameters=_created(0, ';keyid="https://victim.test/u#k"')), "bad_signature_header"),
    "method not covered": (rfc('"@target-uri" "content-digest"'), "signature_coverage"),
    "target not covered": (rfc('"@method" "content-digest"'), "signature_coverage"),
    "authority without path": (rfc('"@method" "@authority" "content-digest"'), "signature_coverage"),
    "component parameter": (rfc('"@method" "@target-uri" "content-digest";sf'), "bad_signature_header"),
    "component twice": (rfc('"@method" "@target-uri" "@method" "content-digest"'), "bad_signature_header"),
    "absent component": (rfc('"@method" "@target-uri" "content-digest" "x-absent"'), "bad_signature_header"),
    "unknown derived component": (rfc('"@method" "@target-uri" "content-digest" "@status"'), "bad_signature_header"),
    "unknown parameter": (rfc(parameters=_created(0, ';evil="1"')), "bad_signature_header"),
    "two signatures": (
        replaced(rfc(), "signature", "sig1=:AAAA:, sig2=:AAAA:"), "bad_signature_header"),
    "labels differ": (replaced(rfc(), "signature", "sig2=:AAAA:"), "bad_signature_header"),
    "too long": (replaced(rfc(), "signature", "sig1=:" + "A" * 9000 + ":"), "bad_signature_header"),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "code"), RFC_REFUSED.values(), ids=RFC_REFUSED)
def test_rfc_9421_with_a_gap_is_refused(request_: SignedRequest, code: str) -> None:
    with pytest.raises(FederationError) as refusal:
        read_claim(request_, NOW, ORIGIN)
    assert (refusal.value.code, refusal.value.status) == (code, 401)


def test_rfc_9421_for_another_target_is_not_proved() -> None:
    request = rfc()
    assert not proved(SignedRequest("POST", "/u/b/inbox", request.headers, BODY))
    assert not proved(rfc(values={"@target-uri": "https://other.test/inbox"}))


def test_a_query_must_be_covered_where_there_is_one() -> None:
    request = rfc('"@method" "@authority" "@path" "content-digest"')
    with pytest.raises(FederationError) as refusal:
        read_claim(SignedRequest("POST", "/inbox?x=1", request.headers, BODY), NOW, ORIGIN)
    assert refusal.value.code == "signature_coverage"


class _Message:
    """What the independent library wants of a request."""

    def __init__(self, request: SignedRequest) -> None:
        self.method = request.method
        self.url = ORIGIN + request.target
        self.headers = dict(request.headers)
        self.body = request.body


class _Resolver(HTTPSignatureKeyResolver):  # type: ignore[misc]  # the library has no types
    def resolve_public_key(self, key_id: str) -> Any:
        return EVE_KEY.parsed

    def resolve_private_key(self, key_id: str) -> Any:
        return EVE.private_key


def test_an_independent_library_accepts_our_rfc_9421() -> None:
    request = signed(BODY, EVE, scheme="rfc9421", now=NOW.now(NOW.tzinfo))
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.RSA_V1_5_SHA256, key_resolver=_Resolver())
    results = verifier.verify(_Message(request))
    assert results[0].covered_components


def test_we_accept_what_an_independent_library_signed() -> None:
    described = (("content-digest", digest.content_digest_of(digest.sha256_base64(BODY))),)
    message = _Message(SignedRequest("POST", "/inbox", described, BODY))
    signer = HTTPMessageSigner(signature_algorithm=algorithms.RSA_V1_5_SHA256, key_resolver=_Resolver())
    signer.sign(
        message,
        key_id=KEY_ID,
        created=NOW,
        use_existing_digest=True,
        covered_component_ids=("@method", "@target-uri", "@authority", "content-digest"),
    )
    headers = (("Host", "local.test"), *message.headers.items())
    assert proved(SignedRequest("POST", "/inbox", headers, BODY))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200), st.booleans())
@settings(max_examples=200)
def test_any_signature_header_is_refused_politely(header: str, also_input: bool) -> None:
    request = replaced(signed(BODY, EVE), "Signature", header)
    if also_input:
        request = SignedRequest("POST", "/inbox", (*request.headers, ("Signature-Input", header)), BODY)
    with pytest.raises(FederationError) as refusal:
        read_claim(request, NOW, ORIGIN)
    assert refusal.value.status == 401


def test_dates_are_written_and_read_without_a_locale() -> None:
    assert http_date(NOW) == "Mon, 23 Nov 2026 10:15:00 GMT" == format_datetime(NOW, usegmt=True)
    assert parse_date(http_date(NOW)) == NOW.timestamp()


def _vectors() -> dict[str, Any]:
    if not VECTORS.exists():
        pytest.skip("the shared interop vectors are not beside this checkout")
    found: dict[str, Any] = json.loads(VECTORS.read_text())
    return found


@pytest.mark.parametrize(
    "name", ["cavage_post", "cavage_get_query", "cavage_post_created_expires", "rfc9421_post_rsa"]
)
@pytest.mark.parametrize("pem", ["rsa_public_spki_pem", "rsa_public_pkcs1_pem"])
def test_vectors_that_another_implementation_accepted(name: str, pem: str) -> None:
    vectors = _vectors()
    vector = vectors[name]
    target = vector["url"].removeprefix("https://peer.example")
    body = vector.get("body", "").encode()
    request = SignedRequest(vector["method"], target, tuple(vector["headers"].items()), body)
    claim = read_claim(request, NOW, "https://peer.example")
    assert claim.bases[0].decode() == vector.get("signing_string", vector.get("signature_base"))
    assert claim.proved_by(PublicKey(claim.key_id, "o", vectors[pem]))
