"""https as it is outside the laboratory: certificates count, and nothing leads back to http."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from federation import keys
from federation.client import Ask, Client
from federation.errors import FederationError
from federation.reach import ClientPolicy
from tests.federation.peers import ORIGIN, Names, key


def _certificate(name: str, folder: Path, *, days: int = 30) -> Path:
    """A self-signed certificate with its key, in one PEM file."""
    private = key("tls")
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())  # type: ignore[arg-type]  # it is RSA
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())  # type: ignore[arg-type]
    )
    path = folder / f"{name}.pem"
    path.write_text(made.public_bytes(serialization.Encoding.PEM).decode() + keys.private_pem(private))
    return path


class TlsPeer:
    """One https server, and clients that trust its certificate or not."""

    def __init__(self, certificate: Path) -> None:
        self.certificate = certificate
        self.port = 0
        self.clients: list[Client] = []

    async def start(self) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            if request.path == "/down":
                return web.Response(status=302, headers={"Location": f"http://peer.test:{self.port}/x"})
            return web.Response(text="here")

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate)
        await web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=context).start()
        self.port = self.runner.addresses[0][1]

    def client(self, *, trusting: bool = True, allow_http: bool = False) -> Client:
        tls = ssl.create_default_context(cafile=self.certificate) if trusting else None
        policy = ClientPolicy(allow_http=allow_http, allowed_addresses=(("127.0.0.1", self.port),))
        made = Client(policy, origin=ORIGIN, resolver=Names({}), tls=tls)
        self.clients.append(made)
        return made

    async def stop(self) -> None:
        for client in self.clients:
            await client.close()
        await self.runner.cleanup()


@pytest.fixture
async def peer(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[TlsPeer]:
    made = TlsPeer(_certificate("peer.test", tmp_path, days=getattr(request, "param", 30)))
    await made.start()
    yield made
    await made.stop()


async def test_an_https_peer_is_reached(peer: TlsPeer) -> None:
    answer = await peer.client().get(Ask(f"https://peer.test:{peer.port}/x", "*/*"))
    assert answer.body == b"here"


@pytest.mark.parametrize("allow_http", [False, True])
async def test_ssrf_08_https_never_leads_back_to_http(peer: TlsPeer, allow_http: bool) -> None:
    with pytest.raises(FederationError) as refusal:
        await peer.client(allow_http=allow_http).get(Ask(f"https://peer.test:{peer.port}/down", "*/*"))
    assert refusal.value.code == "redirect_refused"


async def test_an_untrusted_or_foreign_certificate_is_no_connection(peer: TlsPeer) -> None:
    for client, host in ((peer.client(trusting=False), "peer.test"), (peer.client(), "other.test")):
        with pytest.raises(FederationError) as refusal:
            await client.get(Ask(f"https://{host}:{peer.port}/x", "*/*"))
        assert refusal.value.code == "unreachable"


@pytest.mark.parametrize("peer", [-1], indirect=True)
async def test_rel_42_an_expired_certificate_is_a_passing_fault(peer: TlsPeer) -> None:
    with pytest.raises(FederationError) as refusal:
        await peer.client().get(Ask(f"https://peer.test:{peer.port}/x", "*/*"))
    assert refusal.value.code == "unreachable" and not refusal.value.permanent
