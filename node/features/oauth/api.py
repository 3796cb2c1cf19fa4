"""The endpoints programs call to be let in, exactly as Mastodon's clients use them.

Bodies may be JSON or a form; the client proves itself in the body or by Basic auth. Cookies play
no part here. Called by client programs only; the page a person sees is `oauth.pages`.
"""

import base64
import binascii
from typing import Any

import msgspec
from aiohttp import hdrs, web

from node.appkeys import APP_ID, NODE
from node.errors import NodeError
from node.feature import Route
from node.features.oauth import scopes, service, store
from node.features.oauth.service import OAuthError
from node.web.posted import read_posted

_NO_STORE = {hdrs.CACHE_CONTROL: "no-store", hdrs.PRAGMA: "no-cache"}
# Mastodon's words for a refused registration, by field.
_REGISTRATION_ERRORS = {
    "client_name": "Validation failed: Application name can't be blank",
    "redirect_uris": "Validation failed: Redirect URI must be an absolute URI.",
    "website": "Validation failed: Website must be a valid URL",
}


async def _read_params(request: web.Request) -> dict[str, Any]:
    """The body's parameters as text, or lists of text where JSON or `name[]` had lists.

    Raises: NodeError `bad_request`.
    """
    if request.content_type == "application/json":
        try:
            body = msgspec.json.decode(await request.read() or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NodeError("bad_request", detail="not JSON") from error
        if not isinstance(body, dict):
            raise NodeError("bad_request", detail="not a JSON object")
        found = {str(key): value for key, value in body.items()}
    else:
        form = await read_posted(request)
        found = {
            key.removesuffix("[]"): values if key.endswith("[]") else values[-1]
            for key, values in form.texts.items()
        }
    return {key: _text(value) for key, value in found.items()}


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [item.replace("\x00", "") for item in value if isinstance(item, str)]
    return value.replace("\x00", "") if isinstance(value, str) else ""


def _word(params: dict[str, Any], name: str) -> str:
    value = params.get(name, "")
    return " ".join(value) if isinstance(value, list) else str(value)


def _uris(params: dict[str, Any]) -> tuple[str, ...]:
    value = params.get("redirect_uris", "")
    listed = value if isinstance(value, list) else str(value).split()
    return tuple(dict.fromkeys(uri.strip() for uri in listed if uri.strip()))[:20]


async def register_app(request: web.Request) -> web.Response:
    """POST /api/v1/apps"""
    params = await _read_params(request)
    wanted = scopes.parse(_word(params, "scopes"))
    if wanted is None:
        return web.json_response(
            {"error": "Validation failed: Scopes doesn't match configured on the server."}, status=422
        )
    new = service.NewApp(
        name=_word(params, "client_name"),
        redirect_uris=_uris(params),
        scopes=wanted,
        website=_word(params, "website").strip(),
    )
    try:
        async with request.app[NODE].db.tx() as tx:
            app, secret = await service.register_app(tx, new)
    except NodeError as error:
        return web.json_response({"error": _REGISTRATION_ERRORS[error.field]}, status=422)
    return web.json_response(
        app_entity(app)
        | {"client_id": app.client_id, "client_secret": secret, "client_secret_expires_at": 0},
        headers=_NO_STORE,
    )


def app_entity(app: store.App) -> dict[str, Any]:
    """Mastodon's Application, without anything secret."""
    return {
        "id": str(app.id),
        "name": app.name,
        "website": app.website or None,
        "scopes": app.scopes,
        "redirect_uris": app.redirect_uris,
        "redirect_uri": "\n".join(app.redirect_uris),
        "vapid_key": "",
    }


async def verify_app(request: web.Request) -> web.Response:
    """GET /api/v1/apps/verify_credentials"""
    app_id = request.get(APP_ID)
    async with request.app[NODE].db.read() as tx:
        app = await store.find_app_by_id(tx, app_id) if app_id is not None else None
    if app is None:  # a token of the command line has no app
        return web.json_response({"error": "The access token is invalid"}, status=401)
    return web.json_response(app_entity(app))


def _client_of(request: web.Request, params: dict[str, Any]) -> tuple[str, str]:
    kind, _, encoded = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if kind.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            return client_id, secret
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return "", ""
    return _word(params, "client_id"), _word(params, "client_secret")


async def issue_token(request: web.Request) -> web.Response:
    """POST /oauth/token"""
    node = request.app[NODE]
    try:
        params = await _read_params(request)
        words = {name: _word(params, name) for name in params}
        redeemed, refused = service.Redeemed("", ()), None
        async with node.db.tx() as tx:
            app = await service.find_client(tx, *_client_of(request, params))
            try:
                redeemed = await _redeem(tx, app, words)
            except OAuthError as error:  # kept for after the commit: a code that was tried is used up
                refused = error
            created_at = int(tx.now.timestamp())
        if refused is not None:
            raise refused
    except OAuthError as error:
        return _refusal(error)
    except NodeError:
        return _refusal(OAuthError("invalid_request"))
    return web.json_response(
        {
            "access_token": redeemed.token,
            "token_type": "Bearer",
            "scope": " ".join(redeemed.scopes),
            "created_at": created_at,
        },
        headers=_NO_STORE,
    )


async def _redeem(tx: Any, app: store.App, words: dict[str, str]) -> service.Redeemed:
    match words.get("grant_type", ""):
        case "authorization_code":
            return await service.redeem_code(tx, app, words)
        case "client_credentials":
            return await service.redeem_client(tx, app, words.get("scope", ""))
        case "":
            raise OAuthError("invalid_request")
        case _:  # `password` too: a program should never see one
            raise OAuthError("unsupported_grant_type")


async def revoke_token(request: web.Request) -> web.Response:
    """POST /oauth/revoke"""
    try:
        params = await _read_params(request)
        async with request.app[NODE].db.tx() as tx:
            app = await service.find_client(tx, *_client_of(request, params))
            await service.revoke(tx, app, _word(params, "token"))
    except OAuthError as error:
        # Mastodon answers 403 to everything a client may not revoke, itself unknown included.
        return _refusal(OAuthError("unauthorized_client") if error.code == "invalid_client" else error)
    return web.json_response({}, headers=_NO_STORE)


def _refusal(error: OAuthError) -> web.Response:
    headers = dict(_NO_STORE)
    if error.status == 401:
        headers[hdrs.WWW_AUTHENTICATE] = f'Basic realm="Allmende", error="{error.code}"'
    return web.json_response(
        {"error": error.code, "error_description": error.description}, status=error.status, headers=headers
    )


async def metadata(request: web.Request) -> web.Response:
    """GET /.well-known/oauth-authorization-server (RFC 8414)"""
    origin = request.app[NODE].origin
    return web.json_response(
        {
            "issuer": f"{origin}/",
            "authorization_endpoint": f"{origin}/oauth/authorize",
            "token_endpoint": f"{origin}/oauth/token",
            "revocation_endpoint": f"{origin}/oauth/revoke",
            "app_registration_endpoint": f"{origin}/api/v1/apps",
            "scopes_supported": list(scopes.KNOWN),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        },
        headers={hdrs.CACHE_CONTROL: "max-age=3600"},
    )


ROUTES = (
    Route("POST", "/api/v1/apps", register_app, "wire", limit="apps"),
    Route("GET", "/api/v1/apps/verify_credentials", verify_app, "app_token"),
    Route("POST", "/oauth/token", issue_token, "wire", limit="tokens"),
    Route("POST", "/oauth/revoke", revoke_token, "wire", limit="tokens"),
    Route("GET", "/.well-known/oauth-authorization-server", metadata, "wire"),
)
