"""The running node: what handlers, jobs and services are handed instead of globals.

Built once per process by `node.app`; holds no state of its own beyond caches. Tests build it
the same way with another clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import msgspec
from redis.asyncio import Redis

from federation.client import Client
from federation.directory import Directory
from federation.dispatch import Inbound
from federation.fetch import Fetcher
from node.clock import Clock
from node.config import Config
from node.db.database import Database
from node.keyring import Keyring

if TYPE_CHECKING:
    from federation import vocab
    from node.db.database import Tx
    from node.feature import Feature

RememberActor = Callable[["Tx", "Node", "vocab.Actor"], Awaitable[Any]]


class GroupsDoor(Protocol):
    """What features below the groups ask of them (`node.features.groups.door`)."""

    async def join(self, tx: Tx, node: Node, actor_id: int, group_id: int) -> str:
        """One of our people follows a group: `asked` or `accepted`."""
        ...

    async def leave(self, tx: Tx, node: Node, actor_id: int, group_id: int) -> None:
        """One of our people follows a group no more."""
        ...

    async def answered(self, tx: Tx, actor_id: int, group_id: int, *, accept: bool) -> None:
        """The house of a group answered the follow of one of ours, or ended it."""
        ...

    async def left(self, tx: Tx, actor_id: int, group_id: int) -> bool:
        """Somebody belongs to a group no longer; False when they did not."""
        ...

    async def describe(self, tx: Tx, document: vocab.Actor) -> vocab.Actor:
        """The document of one of our groups, with what only groups say."""
        ...

    async def take_deed(self, tx: Tx, node: Node, incoming: Any) -> Any:
        """A Block with a target, or its Undo: how it ended, as a handler says it."""
        ...

    async def is_shown(self, tx: Tx, group_id: int, viewer_id: int | None) -> bool:
        """Whether somebody (None: anybody) may know that a group exists."""
        ...

    async def is_shown_at(self, tx: Tx, group_id: int, host: str) -> bool:
        """Whether another house may know that one of our groups exists; '' for nobody in particular."""
        ...


class Hooks(msgspec.Struct):
    """What the wire and lower features need of higher ones, filled in by `node.app`.

    `remember_actor` stores a fetched actor; `known_objects` tells which addresses are posts we
    hold; `inbound` is the table of handlers; `groups` is what following a group means.
    """

    remember_actor: RememberActor
    known_objects: Callable[[Tx, Sequence[str]], Awaitable[set[str]]]
    inbound: Inbound[Any]
    groups: GroupsDoor
    features: tuple[Feature, ...] = ()


class Node:
    """Everything one process of the node shares."""

    def __init__(
        self,
        *,
        config: Config,
        clock: Clock,
        db: Database,
        valkey: Redis,
        keyring: Keyring,
        client: Client,
        directory: Directory,
        fetcher: Fetcher,
        hooks: Hooks,
    ) -> None:
        self.config = config
        self.clock = clock
        self.db = db
        self.valkey = valkey
        self.keyring = keyring
        self.client = client
        self.directory = directory
        self.fetcher = fetcher
        self.hooks = hooks
        self.origin = config.node.origin.rstrip("/")
        self.host = config.host
        self.handle_host = config.handle_host
        self.caches: dict[str, Any] = {}  # per process, by feature name; never the truth

    def uri(self, path: str) -> str:
        """Our public address of a path."""
        return f"{self.origin}{path}"

    def tag_url(self, tag: str) -> str:
        """The page of a normalised hashtag."""
        return self.uri(f"/tags/{quote(tag)}")

    def is_ours(self, uri: str) -> bool:
        """Whether an address lies under our origin."""
        return uri.startswith(self.origin + "/")
