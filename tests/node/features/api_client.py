"""A small client of the client API, and what its entities must look like, for the tests of `api.py`.

Shapes are written from Mastodon's documentation: a key, and the types its value may have. `opt`
marks keys that may be missing. A key that no shape names is a fault too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import NoneType, TracebackType
from typing import Any

import aiohttp
import msgspec

from node.features.actors.store.reads import Actor
from node.features.oauth import service as oauth
from tests.rig import RigNode

ALL_SCOPES = ("read", "write", "follow", "push")


class Answer(msgspec.Struct, frozen=True):
    """What came back: status, decoded body, headers."""

    status: int
    body: Any
    headers: Mapping[str, str]

    def link(self, rel: str) -> str:
        """The address of the next or previous page, or ''."""
        match = re.search(rf'<([^>]+)>; rel="{rel}"', self.headers.get("Link", ""))
        return match[1] if match else ""


class ApiClient:
    """Somebody's program: a token (or none) and plain calls."""

    def __init__(
        self, session: aiohttp.ClientSession, origin: str, token: str = "", actor: Actor | None = None
    ) -> None:
        self._session = session
        self.origin = origin
        self.token = token
        self.actor = actor

    @property
    def id(self) -> str:
        """The person's id as the API writes it."""
        assert self.actor is not None
        return str(self.actor.id)

    async def call(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **sent: Any
    ) -> Answer:
        """One call, whatever comes back."""
        all_headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        all_headers |= headers or {}
        url = path if path.startswith("http") else self.origin + path
        async with self._session.request(method, url, headers=all_headers, **sent) as response:
            body = await response.read()
            is_json = response.content_type == "application/json"
            return Answer(response.status, json.loads(body) if is_json else body, response.headers)

    async def ok(self, method: str, path: str, **sent: Any) -> Any:
        """The body of a call that must succeed."""
        answer = await self.call(method, path, **sent)
        assert answer.status == 200, (method, path, answer.status, answer.body)
        return answer.body

    async def get(self, path: str, **params: Any) -> Any:
        """GET that must succeed."""
        return await self.ok("GET", path, params=params)

    async def post(self, path: str, **fields: Any) -> Any:
        """POST of JSON that must succeed."""
        return await self.ok("POST", path, json=fields)

    async def write(self, text: str, **more: Any) -> Any:
        """A new post."""
        return await self.post("/api/v1/statuses", status=text, **more)


class Clients:
    """Makes people with tokens on one node."""

    def __init__(self, node: RigNode) -> None:
        self.node = node
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Clients:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def person(
        self, username: str, *, scopes: tuple[str, ...] = ALL_SCOPES, role: str = "member"
    ) -> ApiClient:
        """A new member with a token."""
        return await self.program_of(await self.node.person(username, role=role), scopes)

    async def program_of(self, actor: Actor, scopes: tuple[str, ...]) -> ApiClient:
        """Another token of somebody."""
        async with self.node.db.tx() as tx:
            token = await oauth.create_token(tx, actor.id, scopes)
        return ApiClient(self._session, self.node.origin, token, actor)

    def anybody(self) -> ApiClient:
        """A program without a token."""
        return ApiClient(self._session, self.node.origin)


class Opt(msgspec.Struct, frozen=True):
    """A key that may be missing."""

    kind: Any


class ListOf(msgspec.Struct, frozen=True):
    """A list of one shape."""

    kind: Any


Time = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
Id = re.compile(r"[0-9]+")
Url = re.compile(r"https?://\S+")

EMOJI = {"shortcode": str, "url": Url, "static_url": Url, "visible_in_picker": bool}
FIELD = {"name": str, "value": str, "verified_at": (str, NoneType)}
ROLE = {"id": str, "name": str, "color": str, "permissions": str, "highlighted": bool}
ACCOUNT: dict[str, Any] = {
    "id": Id, "username": str, "acct": str, "display_name": str, "locked": bool, "bot": bool,
    "discoverable": (bool, NoneType), "indexable": bool, "group": bool, "created_at": Time, "note": str,
    "url": Url, "uri": Url, "avatar": Url, "avatar_static": Url, "avatar_description": str, "header": Url,
    "header_static": Url, "header_description": str, "followers_count": int, "following_count": int,
    "statuses_count": int, "last_status_at": (re.compile(r"\d{4}-\d\d-\d\d"), NoneType),
    "hide_collections": (bool, NoneType), "emojis": ListOf(EMOJI), "fields": ListOf(FIELD),
    "noindex": Opt(bool), "roles": Opt(ListOf(ROLE)), "suspended": Opt(bool), "moved": Opt(dict),
}  # fmt: skip
SOURCE = {
    "privacy": re.compile("public|unlisted|private|direct"), "sensitive": bool, "language": (str, NoneType),
    "note": str, "fields": ListOf(FIELD), "follow_requests_count": int, "hide_collections": (bool, NoneType),
    "discoverable": (bool, NoneType), "indexable": bool, "attribution_domains": ListOf(str),
    "quote_policy": re.compile("public|followers|nobody"),
}  # fmt: skip
CREDENTIALS = ACCOUNT | {"source": SOURCE, "role": ROLE}
MUTED = ACCOUNT | {"mute_expires_at": (Time, NoneType)}
RELATIONSHIP = {
    "id": Id, "following": bool, "showing_reblogs": bool, "notifying": bool, "languages": (list, NoneType),
    "followed_by": bool, "blocking": bool, "blocked_by": bool, "muting": bool, "muting_notifications": bool,
    "muting_expires_at": (Time, NoneType), "requested": bool, "requested_by": bool, "domain_blocking": bool,
    "endorsed": bool, "note": str,
}  # fmt: skip
MEDIA = {
    "id": Id, "type": re.compile("image|gifv|video|audio|unknown"), "url": Url, "preview_url": (Url, NoneType),
    "remote_url": (Url, NoneType), "preview_remote_url": NoneType, "text_url": NoneType, "meta": dict,
    "description": (str, NoneType), "blurhash": (str, NoneType),
}  # fmt: skip
MENTION = {"id": Id, "username": str, "url": Url, "acct": str}
TAG = {"name": str, "url": Url}
QUOTE_STATE = re.compile(
    "pending|accepted|rejected|revoked|deleted|unauthorized|blocked_account|blocked_domain|muted_account"
)
QUOTE_APPROVAL = {
    "automatic": ListOf(re.compile("public|followers|following|unsupported_policy")),
    "manual": ListOf(re.compile("public|followers|following|unsupported_policy")),
    "current_user": re.compile("automatic|manual|denied|unknown"),
}  # fmt: skip
POLL_FOR_ANYBODY: dict[str, Any] = {
    "id": Id, "expires_at": (Time, NoneType), "expired": bool, "multiple": bool, "votes_count": int,
    "voters_count": (int, NoneType), "options": ListOf({"title": str, "votes_count": (int, NoneType)}),
    "emojis": ListOf(EMOJI),
}  # fmt: skip
POLL = POLL_FOR_ANYBODY | {"voted": bool, "own_votes": ListOf(int)}
REACTION = {"name": str, "count": int, "me": Opt(bool), "url": Opt(Url), "static_url": Opt(Url)}
_POST: dict[str, Any] = {
    "id": Id, "created_at": Time, "in_reply_to_id": (Id, NoneType), "in_reply_to_account_id": (Id, NoneType),
    "sensitive": bool, "spoiler_text": str, "visibility": re.compile("public|unlisted|private|direct"),
    "local_only": bool, "language": (str, NoneType), "uri": Url, "url": (Url, NoneType), "replies_count": int,
    "reblogs_count": int, "favourites_count": int, "edited_at": (Time, NoneType), "account": ACCOUNT,
    "media_attachments": ListOf(MEDIA), "mentions": ListOf(MENTION), "tags": ListOf(TAG), "emojis": ListOf(EMOJI),
    "quotes_count": int, "quote_approval": QUOTE_APPROVAL,
    "quote": ({"state": QUOTE_STATE, "quoted_status": (dict, NoneType)},
              {"state": QUOTE_STATE, "quoted_status_id": (Id, NoneType)}, NoneType),
    "card": NoneType, "poll": (POLL, POLL_FOR_ANYBODY, NoneType), "emoji_reactions": ListOf(REACTION),
    "application": Opt(({"name": str, "website": (str, NoneType)}, NoneType)),
}  # fmt: skip
_MARKS = {"favourited": bool, "reblogged": bool, "muted": bool, "bookmarked": bool, "filtered": ListOf(dict)}
STATUS_FOR_ANYBODY = _POST | {"content": str, "reblog": NoneType}
STATUS = STATUS_FOR_ANYBODY | _MARKS | {"pinned": Opt(bool)}
BOOST = _POST | _MARKS | {"content": str, "reblog": STATUS}
DELETED = _POST | _MARKS | {"text": str, "reblog": NoneType, "pinned": Opt(bool)}
EDIT = {
    "content": str, "spoiler_text": str, "sensitive": bool, "created_at": Time, "account": ACCOUNT,
    "media_attachments": ListOf(MEDIA), "emojis": ListOf(EMOJI),
    "poll": Opt({"options": ListOf({"title": str})}),
}  # fmt: skip
NOTIFICATION = {
    "id": Id, "type": str, "created_at": Time, "group_key": str, "account": ACCOUNT, "status": Opt(STATUS),
    "emoji": Opt(str), "emoji_url": Opt(Url),
}  # fmt: skip
MARKER = {"last_read_id": Id, "version": int, "updated_at": Time}


def check(value: Any, shape: Any, where: str = "$") -> None:
    """Raises AssertionError, naming the place, where `value` is not of `shape`."""
    if isinstance(shape, tuple):
        faults = []
        for one in shape:
            try:
                return check(value, one, where)
            except AssertionError as fault:
                faults.append(str(fault))
        raise AssertionError(" and ".join(faults))
    if isinstance(shape, re.Pattern):
        assert isinstance(value, str) and shape.fullmatch(value), f"{where}: {value!r} is not {shape.pattern}"
    elif isinstance(shape, ListOf):
        assert isinstance(value, list), f"{where}: {value!r} is no list"
        for place, item in enumerate(value):
            check(item, shape.kind, f"{where}[{place}]")
    elif isinstance(shape, dict):
        _check_object(value, shape, where)
    else:
        assert type(value) is shape, f"{where}: {value!r} is no {shape}"


def _check_object(value: Any, shape: dict[str, Any], where: str) -> None:
    assert isinstance(value, dict), f"{where}: {value!r} is no object"
    unknown = value.keys() - shape.keys()
    assert not unknown, f"{where}: not in Mastodon's entity: {sorted(unknown)}"
    for key, kind in shape.items():
        if isinstance(kind, Opt):
            if key in value:
                check(value[key], kind.kind, f"{where}.{key}")
            continue
        assert key in value, f"{where}.{key} is missing"
        check(value[key], kind, f"{where}.{key}")
