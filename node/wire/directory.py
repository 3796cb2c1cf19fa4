"""The port `federation` asks for: keys, refused hosts, known actors, how lately a key was fetched.

Keys are cached per process for a minute, refused hosts for ten seconds; the database holds the
truth, Valkey the intervals that all processes share.
"""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from datetime import datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError

from federation import uris
from federation.keys import PublicKey
from node.db.database import Database
from node.wire.store import hosts as store

log = logging.getLogger("node.wire")

KEY_CACHE_S = 60.0
KEY_CACHE_ROWS = 5000
REFUSED_CACHE_S = 10.0
REFRESH_INTERVAL_S = 300
VALKEY_S = 1.0  # longer than this no key waits for the counter
KEYS_PER_HOST = 100  # different key ids of one host tried within one interval


class NodeDirectory:
    """`federation.directory.Directory` on our database and Valkey."""

    def __init__(self, db: Database, valkey: Redis) -> None:
        self._db = db
        self._valkey = valkey
        self._keys: OrderedDict[str, tuple[float, PublicKey]] = OrderedDict()
        self._refused: tuple[float, frozenset[str]] = (-REFUSED_CACHE_S, frozenset())
        self._refreshed: OrderedDict[str, float] = OrderedDict()

    async def find_key(self, key_id: str) -> PublicKey | None:
        """A key fetched earlier and not forgotten since."""
        cached = self._keys.get(key_id)
        if cached is not None and time.monotonic() - cached[0] < KEY_CACHE_S:
            return cached[1]
        async with self._db.read() as tx:
            row = await store.find_key(tx, key_id)
        if row is None:
            return None
        key = PublicKey(id=row.key_id, owner=row.owner_uri, pem=row.pem, multibase=row.multibase)
        self._cache(key)
        return key

    async def put_key(self, key: PublicKey) -> None:
        """Remember a key whose owner lists it."""
        stored = store.StoredKey(key.id, key.owner, key.pem or "", key.multibase or "")
        async with self._db.tx() as tx:
            await store.put_key(tx, stored, uris.host_of(key.id))
        self._cache(key)

    async def forget_key(self, key_id: str) -> None:
        """Drop a key that its owner no longer lists."""
        self._keys.pop(key_id, None)
        async with self._db.tx() as tx:
            await store.delete_key(tx, key_id)

    async def is_host_refused(self, host: str) -> bool:
        """Whether this host, or one it lies under, was cut off."""
        made_at, refused = self._refused
        if time.monotonic() - made_at > REFUSED_CACHE_S:
            async with self._db.read() as tx:
                refused = frozenset(await store.list_refused_hosts(tx))
            self._refused = (time.monotonic(), refused)
        if not refused:
            return False
        bare = uris.bare_host(host)
        labels = bare.split(".")
        return host in refused or any(".".join(labels[i:]) in refused for i in range(len(labels)))

    def forget_refused(self) -> None:
        """The list of refused hosts changed here: read it anew."""
        self._refused = (-REFUSED_CACHE_S, frozenset())

    async def is_actor_known(self, uri: str) -> bool:
        """Whether we ever stored this actor."""
        async with self._db.read() as tx:
            return await store.is_actor_known(tx, uri)

    async def note_refresh(self, key_id: str, now: datetime) -> bool:
        """Whether this key may be fetched now; once per interval, whichever process asks."""
        name = "refresh:" + hashlib.sha256(key_id.encode()).hexdigest()
        host = "refreshes:" + uris.host_of(key_id)
        try:
            async with asyncio.timeout(VALKEY_S):
                if not await self._valkey.set(name, 1, nx=True, ex=REFRESH_INTERVAL_S):
                    return False
                tried = await self._valkey.incr(host)
                if tried == 1:
                    await self._valkey.expire(host, REFRESH_INTERVAL_S)
                return bool(tried <= KEYS_PER_HOST)
        except (RedisError, OSError, TimeoutError):
            return self._note_here(name)

    def _note_here(self, name: str) -> bool:
        """Without Valkey each process keeps the interval for itself."""
        moment = time.monotonic()
        if moment - self._refreshed.get(name, -REFRESH_INTERVAL_S) < REFRESH_INTERVAL_S:
            return False
        self._refreshed[name] = moment
        while len(self._refreshed) > KEY_CACHE_ROWS:
            self._refreshed.popitem(last=False)
        return True

    def _cache(self, key: PublicKey) -> None:
        self._keys[key.id] = (time.monotonic(), key)
        self._keys.move_to_end(key.id)
        while len(self._keys) > KEY_CACHE_ROWS:
            self._keys.popitem(last=False)
