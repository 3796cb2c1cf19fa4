"""Letting programs in: register an app, consent, redeem a code, recognise and end a token.

Owns the rules of OAuth 2 as this node speaks it: exact redirect addresses, codes that live ten
minutes and work once, PKCE with S256 only. Errors that a program reads are `OAuthError`s with
the words Mastodon's clients know. Called by the oauth pages and api, the guard and the CLI.

Spec: RFC 6749, RFC 7636, RFC 7009, RFC 8414.
"""

import base64
import hashlib
import hmac
import re
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import msgspec

from node.appkeys import Viewer
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.accounts import tokens
from node.features.oauth import scopes, store
from node.features.oauth.store import App, Grant

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
CODE_LIFE = timedelta(minutes=10)
UNUSED_APP_LIFE = timedelta(days=7)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_NEVER_SCHEMES = frozenset(
    {"javascript", "data", "vbscript", "file", "about", "blob", "view-source", "mailto"}
)

# RFC 6749 code: (status, description for the people who write clients)
_ERRORS = {
    "invalid_request": (400, "The request is missing a required parameter, or is otherwise malformed."),
    "invalid_client": (401, "Client authentication failed: unknown client, or none was named."),
    "invalid_grant": (400, "The code is invalid, expired, used, or was issued to another client or address."),
    "invalid_scope": (400, "The requested scope is invalid, unknown, or malformed."),
    "unsupported_grant_type": (400, "The authorization server does not support this grant type."),
    "unauthorized_client": (403, "You are not authorized to revoke this token"),
}


class OAuthError(Exception):
    """A refusal a program reads; `code` is RFC 6749's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.status, self.description = _ERRORS[code]


class AppViewer(msgspec.Struct, frozen=True):
    """An app that asks for itself, without a person."""

    app_id: int
    scopes: frozenset[str]


class NewApp(msgspec.Struct, frozen=True, kw_only=True):
    """What a program says of itself when it registers."""

    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    website: str = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a program asks a person for, looked at and found in order."""

    app: App
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str = ""
    challenge: str = ""


async def register_app(tx: Tx, new: NewApp) -> tuple[App, str]:
    """Store an app; gives it and its secret, which is not shown again.

    Raises: NodeError `invalid` with field `client_name`, `redirect_uris` or `website`.
    """
    if not new.name.strip() or len(new.name) > 100:
        raise NodeError("invalid", field="client_name", text=N_("Please give the program a name."))
    if not new.redirect_uris or not all(is_redirect_uri(uri) for uri in new.redirect_uris):
        raise NodeError("invalid", field="redirect_uris", text=N_("The address to return to cannot be used."))
    if new.website and (urlsplit(new.website).scheme not in ("http", "https") or len(new.website) > 2000):
        raise NodeError(
            "invalid", field="website", text=N_("Please enter an address that starts with https.")
        )
    secret, digest = tokens.new_secret()
    client_id, _ = tokens.new_secret()
    app = App(
        tx.new_id(),
        client_id,
        digest,
        new.name.strip(),
        new.website,
        list(new.redirect_uris),
        list(new.scopes),
        tx.now,
    )
    await store.put_app(tx, app)
    return app, secret


def is_redirect_uri(uri: str) -> bool:
    """Whether an app may register `uri`: absolute, no fragment, no user name, no script scheme."""
    if uri == OUT_OF_BAND:
        return True
    if (
        len(uri) > 2000
        or "#" in uri
        or "\\" in uri
        or any(ord(letter) < 0x21 or ord(letter) > 0x7E for letter in uri)
    ):
        return False
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return False
    if not _SCHEME.fullmatch(parts.scheme) or parts.scheme in _NEVER_SCHEMES or "@" in parts.netloc:
        return False
    return bool(parts.netloc) if parts.scheme in ("http", "https") else len(uri) > len(parts.scheme) + 1


async def look_at_request(tx: Tx, params: dict[str, str]) -> Asked:
    """Check what an authorize page was asked for.

    A faulty request is shown to the person and never redirected: the address to return to is
    part of what cannot be trusted.
    Raises: NodeError `bad_request` (client, redirect address, response type, scopes, PKCE).
    """
    app = await store.find_app(tx, params.get("client_id", ""))
    if app is None:
        raise NodeError(
            "bad_request", text=N_("This program is not known here. Please start again from the program.")
        )
    redirect_uri = params.get("redirect_uri", "") or (
        app.redirect_uris[0] if len(app.redirect_uris) == 1 else ""
    )
    if redirect_uri not in app.redirect_uris:
        raise NodeError(
            "bad_request", text=N_("This program asked to return to an address it never told us.")
        )
    if params.get("response_type") != "code":
        raise NodeError("bad_request", text=N_("This program asked in a way we do not know."))
    wanted = scopes.parse(params.get("scope", ""))
    if wanted is None or not scopes.within(wanted, app.scopes):
        raise NodeError(
            "bad_request", text=N_("This program asked for more than it said when it registered.")
        )
    challenge, method = params.get("code_challenge", ""), params.get("code_challenge_method", "")
    if (challenge or method) and (method != "S256" or not _CHALLENGE.fullmatch(challenge)):
        raise NodeError("bad_request", text=N_("This program asked in a way that is not safe enough."))
    return Asked(
        app=app, redirect_uri=redirect_uri, scopes=wanted, state=params.get("state", ""), challenge=challenge
    )


async def consent(tx: Tx, asked: Asked, actor_id: int) -> str:
    """The person said yes: gives the code for the program."""
    secret, digest = tokens.new_secret()
    code = store.Code(asked.app.id, actor_id, asked.redirect_uri, list(asked.scopes), asked.challenge)
    await store.put_code(tx, digest, code, tx.now + CODE_LIFE)
    return secret


def return_address(asked: Asked, answer: dict[str, str]) -> str:
    """Where the browser goes with the answer; the program's own query is kept."""
    if asked.state:
        answer = answer | {"state": asked.state}
    return asked.redirect_uri + ("&" if "?" in asked.redirect_uri else "?") + urlencode(answer)


async def find_client(tx: Tx, client_id: str, client_secret: str) -> App:
    """The app that proved to be itself. Raises: OAuthError `invalid_client`."""
    app = await store.find_app(tx, client_id)
    if app is None or not hmac.compare_digest(app.client_secret_hash, tokens.digest_of(client_secret)):
        raise OAuthError("invalid_client")
    return app


class Redeemed(msgspec.Struct, frozen=True):
    """A new token, to be shown once."""

    token: str
    scopes: tuple[str, ...]


async def redeem_code(tx: Tx, app: App, params: dict[str, str]) -> Redeemed:
    """Give a token for a code; the code is gone, whatever the outcome.

    Raises: OAuthError `invalid_grant`. The caller must let the transaction commit even then, or
    a wrong verifier could be tried again.
    """
    code = await store.delete_code(tx, tokens.digest_of(params.get("code", "")), app.id)
    if code is None or code.redirect_uri != params.get("redirect_uri", code.redirect_uri):
        raise OAuthError("invalid_grant")
    verifier = params.get("code_verifier", "")
    if code.challenge and (not _VERIFIER.fullmatch(verifier) or challenge_of(verifier) != code.challenge):
        raise OAuthError("invalid_grant")
    return await _issue(tx, app.id, code.actor_id, tuple(code.scopes))


async def redeem_client(tx: Tx, app: App, scope: str) -> Redeemed:
    """Give an app a token for itself. Raises: OAuthError `invalid_scope`."""
    wanted = scopes.parse(scope)
    if wanted is None or not scopes.within(wanted, app.scopes):
        raise OAuthError("invalid_scope")
    return await _issue(tx, app.id, None, wanted)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier. Spec: RFC 7636 §4.2."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def create_token(tx: Tx, actor_id: int, granted: tuple[str, ...]) -> str:
    """A token for a person without an app (command line, tests).

    Raises: NodeError `invalid` for an unknown scope.
    """
    if scopes.parse(" ".join(granted)) is None:
        raise NodeError("invalid", field="scopes", text=N_("One of these rights is not known."))
    return (await _issue(tx, None, actor_id, granted)).token


async def _issue(tx: Tx, app_id: int | None, actor_id: int | None, granted: tuple[str, ...]) -> Redeemed:
    secret, digest = tokens.new_secret()
    await store.put_token(
        tx, store.NewToken(token_hash=digest, app_id=app_id, actor_id=actor_id, scopes=granted)
    )
    return Redeemed(secret, granted)


async def viewer_for_token(tx: Tx, token: str) -> Viewer | AppViewer | None:
    """Who is behind a bearer token, in one indexed query; None for an unknown one."""
    row = await store.find_token(tx, tokens.digest_of(token))
    if row is None or row.deleted:
        return None
    if row.used_on != tx.now.date():
        await store.put_used(tx, row.token_id, row.actor_id)
    granted = frozenset(row.scopes)
    if row.actor_id is None:
        return AppViewer(row.app_id, granted) if row.app_id is not None else None
    return Viewer(
        actor_id=row.actor_id,
        username=row.username or "",
        display_name=row.display_name or "",
        avatar_url=row.avatar_url or "",
        role=row.role or "member",
        state=row.state or "disabled",
        locale=row.locale or "",
        time_zone=row.time_zone or "",
        default_audience=row.default_audience or "public",
        default_language=row.default_language or "",
        token_id=row.token_id,
        scopes=granted,
        app_id=row.app_id,
    )


async def revoke(tx: Tx, app: App, token: str) -> None:
    """End a token at its app's wish; an unknown one is no error (RFC 7009 §2.2).

    Raises: OAuthError `unauthorized_client` for another app's token.
    """
    digest = tokens.digest_of(token)
    if await store.is_of_another_app(tx, digest, app.id):
        raise OAuthError("unauthorized_client")
    await store.delete_token(tx, digest, app.id)


async def list_grants(tx: Tx, actor_id: int) -> list[Grant]:
    """Programs that may act for the person."""
    return await store.list_grants(tx, actor_id)


async def revoke_grant(tx: Tx, actor_id: int, token_id: int) -> None:
    """End a program's access at its owner's wish. Raises: NodeError `not_found`, also for others'."""
    if not await store.delete_grant(tx, actor_id, token_id):
        raise NodeError("not_found", detail="grant")


async def forget_unused(tx: Tx) -> None:
    """Remove codes that ran out and apps that nobody ever let in."""
    await store.delete_expired(tx, tx.now - UNUSED_APP_LIFE)
