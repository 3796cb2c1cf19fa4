"""SQL of OAuth: client apps, codes on their way, tokens. Secrets are stored as SHA-256 only."""

from datetime import date, datetime

import msgspec

from node.db.database import Tx
from node.db.rows import many, maybe


class App(msgspec.Struct, frozen=True):
    """A client program somebody registered."""

    id: int
    client_id: str
    client_secret_hash: bytes
    name: str
    website: str
    redirect_uris: list[str]
    scopes: list[str]
    created_at: datetime


class Code(msgspec.Struct, frozen=True):
    """A consent on its way to the app; lives ten minutes and is used once."""

    app_id: int
    actor_id: int
    redirect_uri: str
    scopes: list[str]
    challenge: str


class TokenRow(msgspec.Struct, frozen=True):
    """A token together with its person, if it has one."""

    token_id: int
    app_id: int | None
    scopes: list[str]
    used_on: date | None
    actor_id: int | None
    username: str | None
    display_name: str | None
    avatar_url: str | None
    role: str | None
    state: str | None
    locale: str | None
    time_zone: str | None
    default_audience: str | None
    default_language: str | None
    deleted: bool


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """The row `put_token` writes."""

    token_hash: bytes
    app_id: int | None
    actor_id: int | None
    scopes: tuple[str, ...]


class Grant(msgspec.Struct, frozen=True):
    """A program with access to somebody's account, as its owner sees it."""

    id: int
    name: str
    website: str
    scopes: list[str]
    created_at: datetime
    used_on: date | None


_APP = "SELECT id, client_id, client_secret_hash, name, website, redirect_uris, scopes, created_at FROM oauth_apps"


async def put_app(tx: Tx, app: App) -> None:
    """Write a new app."""
    await tx.execute(
        """
        INSERT INTO oauth_apps (id, client_id, client_secret_hash, name, website, redirect_uris, scopes, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        app.id,
        app.client_id,
        app.client_secret_hash,
        app.name,
        app.website,
        app.redirect_uris,
        app.scopes,
        app.created_at,
    )


async def find_app(tx: Tx, client_id: str) -> App | None:
    """The app with a public client id."""
    return maybe(App, await tx.fetchrow(_APP + " WHERE client_id = $1", client_id))


async def find_app_by_id(tx: Tx, app_id: int) -> App | None:
    """The app with our own id."""
    return maybe(App, await tx.fetchrow(_APP + " WHERE id = $1", app_id))


async def put_code(tx: Tx, code_hash: bytes, code: Code, expires_at: datetime) -> None:
    """Remember a consent."""
    await tx.execute(
        """
        INSERT INTO oauth_codes (code_hash, app_id, actor_id, redirect_uri, scopes, challenge, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        code_hash,
        code.app_id,
        code.actor_id,
        code.redirect_uri,
        code.scopes,
        code.challenge,
        expires_at,
    )


async def delete_code(tx: Tx, code_hash: bytes, app_id: int) -> Code | None:
    """Use a code up; only the app it was given to can, and only once."""
    row = await tx.fetchrow(
        """
        DELETE FROM oauth_codes WHERE code_hash = $1 AND app_id = $2 AND expires_at > $3
        RETURNING app_id, actor_id, redirect_uri, scopes, challenge
        """,
        code_hash,
        app_id,
        tx.now,
    )
    return maybe(Code, row)


async def put_token(tx: Tx, new: NewToken) -> int:
    """Write a token and give its id."""
    token_id = tx.new_id()
    await tx.execute(
        """
        INSERT INTO oauth_tokens (token_hash, id, app_id, actor_id, scopes, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        new.token_hash,
        token_id,
        new.app_id,
        new.actor_id,
        list(new.scopes),
        tx.now,
    )
    return token_id


async def find_token(tx: Tx, token_hash: bytes) -> TokenRow | None:
    """A token, its person and their state; a suspended person counts as disabled."""
    row = await tx.fetchrow(
        """
        SELECT t.id AS token_id, t.app_id, t.scopes, t.used_on, t.actor_id, p.username, p.display_name,
               p.avatar_url, a.role, CASE WHEN p.suspended_at IS NOT NULL THEN 'disabled' ELSE a.state END AS state,
               a.locale, a.time_zone, a.default_audience, a.default_language,
               p.deleted_at IS NOT NULL AS deleted
        FROM oauth_tokens t
        LEFT JOIN accounts a ON a.actor_id = t.actor_id
        LEFT JOIN actors p ON p.id = t.actor_id
        WHERE t.token_hash = $1
        """,
        token_hash,
    )
    return maybe(TokenRow, row)


async def put_used(tx: Tx, token_id: int, actor_id: int | None) -> None:
    """Note the day of use, of the token and of its person."""
    await tx.execute(
        """
        WITH used AS (UPDATE oauth_tokens SET used_on = $3::date WHERE id = $1)
        UPDATE accounts SET last_seen_on = $3::date
        WHERE actor_id = $2 AND last_seen_on IS DISTINCT FROM $3::date
        """,
        token_id,
        actor_id,
        tx.now,
    )


async def delete_token(tx: Tx, token_hash: bytes, app_id: int) -> None:
    """End a token of the app; one of another app stays."""
    actor_id = await tx.fetchval(
        "DELETE FROM oauth_tokens WHERE token_hash = $1 AND app_id = $2 RETURNING actor_id",
        token_hash,
        app_id,
    )
    if actor_id is not None:
        tx.tell_changed(actor_id)


async def is_of_another_app(tx: Tx, token_hash: bytes, app_id: int) -> bool:
    """Whether the token lives and belongs to somebody else's app."""
    found = await tx.fetchval(
        "SELECT true FROM oauth_tokens WHERE token_hash = $1 AND app_id IS DISTINCT FROM $2",
        token_hash,
        app_id,
    )
    return bool(found)


async def list_grants(tx: Tx, actor_id: int) -> list[Grant]:
    """Programs with access to the person's account, newest first."""
    rows = await tx.fetch(
        """
        SELECT t.id, coalesce(p.name, '') AS name, coalesce(p.website, '') AS website, t.scopes, t.created_at,
               t.used_on
        FROM oauth_tokens t LEFT JOIN oauth_apps p ON p.id = t.app_id
        WHERE t.actor_id = $1 ORDER BY t.id DESC LIMIT 200
        """,
        actor_id,
    )
    return many(Grant, rows)


async def delete_grant(tx: Tx, actor_id: int, token_id: int) -> bool:
    """End one of the person's own grants; False when there is no such."""
    tx.tell_changed(actor_id)
    status = await tx.execute("DELETE FROM oauth_tokens WHERE actor_id = $1 AND id = $2", actor_id, token_id)
    return bool(status.endswith(" 1"))


async def delete_expired(tx: Tx, unused_since: datetime) -> None:
    """Remove codes nobody can redeem, and apps registered before `unused_since` that nobody let in."""
    await tx.execute("DELETE FROM oauth_codes WHERE expires_at <= $1", tx.now)
    await tx.execute(
        """
        DELETE FROM oauth_apps p
        WHERE p.created_at < $1
          AND NOT EXISTS (SELECT 1 FROM oauth_tokens t WHERE t.app_id = p.id)
          AND NOT EXISTS (SELECT 1 FROM oauth_codes c WHERE c.app_id = p.id)
          AND NOT EXISTS (SELECT 1 FROM posts o WHERE o.app_id = p.id)
        """,
        unused_since,
    )
