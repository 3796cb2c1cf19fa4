"""Let the people of the demo act, through the client API of their own nodes.

Nothing is written into another node's tables: follows, posts, thanks and boosts travel as signed
activities, and this module waits until they have arrived.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import msgspec

from node.demo import pictures
from node.demo.content import FOLLOWS, HOUSES, PASSED_ON, SAID, THANKS, VOTED, Said

_NAMED = re.compile(r"\{(\w+@\w+)\}")
ARRIVES_WITHIN_S = 60.0
_POLL_OPEN_S = 7 * 86_400
_MASTODON = {"followers": "private", "public": "public", "unlisted": "unlisted", "direct": "direct"}


class DidNotArrive(Exception):
    """Something did not reach the other node in time."""


class Town(msgspec.Struct):
    """Where the houses are and how their people sign in: origins and tokens by name."""

    origins: dict[str, str]
    tokens: dict[str, str]
    posts: dict[str, str] = {}

    def handle(self, person: str) -> str:
        """`amina@familien` as everybody can write it."""
        username, _, house = person.partition("@")
        return f"{username}@{self.origins[house].split('//')[1]}"


class Api:
    """The client API as one person."""

    def __init__(self, session: aiohttp.ClientSession, town: Town, person: str) -> None:
        self._session = session
        self._origin = town.origins[person.partition("@")[2]]
        self._headers = {"Authorization": f"Bearer {town.tokens[person]}"}

    async def call(self, method: str, path: str, **given: Any) -> Any:
        """One call; raises aiohttp.ClientResponseError for a refusal."""
        headers = {**self._headers, **given.pop("headers", {})}
        async with self._session.request(method, self._origin + path, headers=headers, **given) as response:
            response.raise_for_status()
            return await response.json()

    async def find(self, query: str, kind: str) -> dict[str, Any] | None:
        """The first account or status that fits."""
        found = await self.call("GET", "/api/v2/search", params={"q": query, "resolve": "true", "type": kind})
        hits = found[kind]
        return hits[0] if hits else None


async def _until(what: str, look: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again until there is an answer. Raises: DidNotArrive."""
    loop = asyncio.get_running_loop()
    until = loop.time() + ARRIVES_WITHIN_S
    while loop.time() < until:
        found = await look()
        if found:
            return found
        await asyncio.sleep(0.15)
    raise DidNotArrive(what)


async def seed(town: Town, tell: Callable[[str], None]) -> None:
    """Everything of `content`, in order. Safe to repeat. Raises: DidNotArrive."""
    async with aiohttp.ClientSession() as session:
        apis = {person: Api(session, town, person) for person in town.tokens}
        tell("people put up their pictures")
        await asyncio.gather(*(_dress(apis, person) for person in town.tokens))
        tell("people find and follow each other")
        await asyncio.gather(*(_follow(town, apis[who], whom) for who, whom in FOLLOWS))
        tell("people write and answer")
        for said in SAID:
            await _say(town, apis[said.by], said)
        tell("people vote")
        await asyncio.gather(*(_vote(town, apis[who], key, place) for who, key, place in VOTED))
        tell("people say thanks and pass on")
        await asyncio.gather(*(_react(town, apis[who], key, "favourite") for who, key in THANKS))
        await asyncio.gather(*(_react(town, apis[who], key, "reblog") for who, key in PASSED_ON))


async def _dress(apis: dict[str, Api], person: str) -> None:
    username, _, key = person.partition("@")
    house = next(house for house in HOUSES if house.key == key)
    somebody = next(one for one in house.people if one.username == username)
    form = aiohttp.FormData()
    form.add_field("note", somebody.about)
    form.add_field("display_name", somebody.name)
    form.add_field("discoverable", "true")
    picture = await asyncio.to_thread(pictures.portrait, somebody.name, house.hue)
    form.add_field("avatar", picture, filename="portrait.jpg", content_type="image/jpeg")
    await apis[person].call("PATCH", "/api/v1/accounts/update_credentials", data=form)


async def _follow(town: Town, api: Api, whom: str) -> None:
    handle = town.handle(whom)
    account = await _until(handle, lambda: api.find(f"@{handle}", "accounts"))
    await api.call("POST", f"/api/v1/accounts/{account['id']}/follow")

    async def follows() -> bool:
        relations = await api.call("GET", "/api/v1/accounts/relationships", params={"id[]": account["id"]})
        return bool(relations[0]["following"])

    await _until(f"answer of {handle}", follows)


async def _say(town: Town, api: Api, said: Said) -> None:
    text = _NAMED.sub(lambda match: "@" + town.handle(match.group(1)), said.text)
    body: dict[str, Any] = {"status": text, "language": said.language}
    if said.audience == "local":
        body |= {"visibility": "public", "local_only": True}
    else:
        body["visibility"] = _MASTODON[said.audience]
    if said.warning:
        body["spoiler_text"] = said.warning
    if said.to:
        body["in_reply_to_id"] = await _local_id(town, api, said.to)
    if said.poll:
        body["poll"] = {"options": list(said.poll), "expires_in": _POLL_OPEN_S}
    if said.picture:
        form = aiohttp.FormData()
        picture = await asyncio.to_thread(pictures.draw, said.picture)
        form.add_field("file", picture, filename=f"{said.picture}.jpg", content_type="image/jpeg")
        form.add_field("description", said.alt)
        body["media_ids"] = [(await api.call("POST", "/api/v2/media", data=form))["id"]]
    headers = {"Idempotency-Key": f"demo-{said.key}"}
    status = await api.call("POST", "/api/v1/statuses", json=body, headers=headers)
    town.posts[said.key] = status["uri"]


async def _local_id(town: Town, api: Api, key: str) -> str:
    """The id under which this person's node knows a post, once it has arrived there."""
    status = await _until(key, lambda: api.find(town.posts[key], "statuses"))
    return str(status["id"])


async def _vote(town: Town, api: Api, key: str, place: int) -> None:
    poll_id = await _local_id(town, api, key)
    poll = await api.call("GET", f"/api/v1/polls/{poll_id}")
    if not poll["voted"]:  # the demo may be filled twice
        await api.call("POST", f"/api/v1/polls/{poll_id}/votes", json={"choices": [place]})


async def _react(town: Town, api: Api, key: str, what: str) -> None:
    await api.call("POST", f"/api/v1/statuses/{await _local_id(town, api, key)}/{what}")
