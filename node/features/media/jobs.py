"""Keeping the media folder tidy: what nothing shows any more goes.

Rows first, files after: a deleted row leaves its keys on a list, the sweep removes those files,
and a slow walk finds files no row ever named (a crash between file and row). Every step may run
twice, and an undeletable file never stops the rest (MED-12).
"""

import logging
from datetime import timedelta

from node.errors import NodeError
from node.features.media import files, store
from node.features.media.storage import storage_of
from node.runtime import Node

log = logging.getLogger("node.media")

KEEP_UNATTACHED = timedelta(hours=24)
_BATCH = 500
_SHARDS_AN_HOUR = 16


async def remove_leftovers(node: Node) -> None:
    """Delete the files of deleted rows; runs every half minute, so a deleted post's files soon are gone."""
    async with node.db.read() as tx:
        keys = await store.list_leftovers(tx, _BATCH)
    if not keys:
        return
    gone = []
    for key in keys:
        if await _is_gone(node, key):
            gone.append(key)
    if len(gone) < len(keys):
        log.warning("media files cannot be removed", extra={"count": len(keys) - len(gone)})
    async with node.db.tx() as tx:
        await store.delete_leftovers(tx, gone)


async def _is_gone(node: Node, key: str) -> bool:
    files = storage_of(node).files
    if await files.delete(key):
        return True
    try:
        return not await files.exists(key)
    except NodeError:
        return False  # the store does not answer: the next sweep asks again


async def remove_unused(node: Node) -> None:
    """Delete uploads no post shows and portraits no profile shows, a day after they came."""
    async with node.db.tx() as tx:
        before = tx.now - KEEP_UNATTACHED
        uploads = await store.delete_unattached(tx, before, _BATCH)
        portraits = await store.delete_worn_portraits(tx, before, _BATCH)
    if uploads or portraits:
        log.info("unused media removed", extra={"uploads": uploads, "portraits": portraits})


async def remove_strays(node: Node) -> None:
    """Delete files no row names, a sixteenth of the folder each hour."""
    now = node.clock.now()
    before = (now - KEEP_UNATTACHED).timestamp()
    await storage_of(node).scratch.clear(before=before)
    first = now.hour * _SHARDS_AN_HOUR % files.SHARDS
    found = 0
    for shard in range(first, first + _SHARDS_AN_HOUR):
        keys = await storage_of(node).files.list_keys(shard, before=before)
        for start in range(0, len(keys), _BATCH):
            part = keys[start : start + _BATCH]
            async with node.db.read() as tx:
                known = await store.list_known_keys(tx, part)
            for key in part:
                if key not in known:
                    found += await storage_of(node).files.delete(key)
    if found:
        log.info("stray media removed", extra={"count": found})


async def shrink_cache(node: Node) -> None:
    """Bring the copies of others' files back to their room."""
    await storage_of(node).cache.sweep()
