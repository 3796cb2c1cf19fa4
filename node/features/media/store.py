"""All SQL of media: rows of files, ours and others', and the list of files to remove.

Rows of ours have a `file_key`, rows of others a `remote_url`; no row has both. A deleted row
leaves its keys in `media_leftovers` by a trigger, however it was deleted.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from node.db.database import Tx
from node.db.rows import many, maybe, one

_EARLIER_REMOTE = 64


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """One file: `bytes` counts the preview too; focus runs from -1 to 1, y upwards."""

    id: int
    owner_id: int
    post_id: int | None = None
    position: int = 0
    purpose: str = "post"
    kind: str
    mime: str = ""
    file_key: str = ""
    preview_key: str = ""
    remote_url: str = ""
    bytes: int = 0
    width: int = 0
    height: int = 0
    blurhash: str = ""
    alt: str = ""
    focus_x: float = 0.0
    focus_y: float = 0.0
    created_at: datetime


_COLUMNS = """id, owner_id, post_id, position, purpose, kind, mime, file_key, preview_key, remote_url,
              bytes, width, height, blurhash, alt, focus_x, focus_y, created_at"""


async def put_media(tx: Tx, media: Media) -> None:
    """Keep a new row."""
    await tx.execute(
        f"""INSERT INTO media ({_COLUMNS})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)""",
        *msgspec.structs.astuple(media),
    )


async def get_own(tx: Tx, owner_id: int, media_id: int) -> Media:
    """A file its owner uploaded. Raises: `not_found`, also for other people's (MED-07)."""
    record = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM media WHERE id = $1 AND owner_id = $2 AND file_key <> ''", media_id, owner_id
    )
    return one(Media, record)


async def find_by_key(tx: Tx, file_key: str) -> Media | None:
    """The row whose file or preview has this key."""
    record = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM media WHERE file_key <> '' AND (file_key = $1 OR preview_key = $1)", file_key
    )
    return maybe(Media, record)


async def put_words(tx: Tx, media_id: int, alt: str, focus: tuple[float, float]) -> None:
    """Change description and focus."""
    await tx.execute(
        "UPDATE media SET alt = $2, focus_x = $3, focus_y = $4 WHERE id = $1", media_id, alt, *focus
    )


async def put_let_go(tx: Tx, media_ids: Sequence[int], post_id: int) -> None:
    """Take a post's files that are not among these off it; its earlier versions keep showing them."""
    await tx.execute(
        """UPDATE media SET post_id = NULL, revision_of = $1
           WHERE post_id = $1 AND file_key <> '' AND NOT (id = ANY($2::bigint[]))""",
        post_id,
        media_ids,
    )


async def put_attached(tx: Tx, owner_id: int, media_ids: Sequence[int], post_id: int) -> int:
    """Hang the owner's free files on the post in this order; how many of them hang there now."""
    found = await tx.fetch(
        """UPDATE media SET post_id = $3, revision_of = NULL, position = array_position($2::bigint[], id) - 1
           WHERE id = ANY($2::bigint[]) AND owner_id = $1 AND purpose = 'post' AND file_key <> ''
             AND (post_id = $3 OR post_id IS NULL AND (revision_of IS NULL OR revision_of = $3))
           RETURNING id""",
        owner_id,
        media_ids,
        post_id,
    )
    return len(found)


async def list_for_posts(tx: Tx, post_ids: Sequence[int]) -> dict[int, tuple[Media, ...]]:
    """The files of each post that has any, in their order."""
    records = await tx.fetch(
        f"SELECT {_COLUMNS} FROM media WHERE post_id = ANY($1::bigint[]) ORDER BY post_id, position", post_ids
    )
    found: dict[int, tuple[Media, ...]] = {}
    for media in many(Media, records):
        if media.post_id is not None:
            found[media.post_id] = (*found.get(media.post_id, ()), media)
    return found


async def put_remote(tx: Tx, post_id: int, rows: Sequence[tuple[int, Media]]) -> None:
    """Keep others' files of a post, each with its place."""
    await tx.executemany(
        """INSERT INTO media (id, owner_id, post_id, position, kind, mime, remote_url,
                              width, height, blurhash, alt, focus_x, focus_y, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)""",
        [
            (m.id, m.owner_id, post_id, position, m.kind, m.mime, m.remote_url,
             m.width, m.height, m.blurhash, m.alt, m.focus_x, m.focus_y, m.created_at)
            for position, m in rows
        ],
    )  # fmt: skip


async def put_remote_edited(tx: Tx, post_id: int, rows: Sequence[Media]) -> None:
    """Make exactly these others' files a post's: what it had is described anew, what it lost stays with its past."""
    kept = await tx.fetch(
        """UPDATE media m SET position = n.position, alt = n.alt, focus_x = n.focus_x, focus_y = n.focus_y
           FROM unnest($2::text[], $3::int[], $4::text[], $5::real[], $6::real[])
                AS n (remote_url, position, alt, focus_x, focus_y)
           WHERE m.post_id = $1 AND m.file_key = '' AND m.remote_url = n.remote_url
           RETURNING m.id, m.remote_url""",
        post_id,
        [row.remote_url for row in rows],
        list(range(len(rows))),
        [row.alt for row in rows],
        [row.focus_x for row in rows],
        [row.focus_y for row in rows],
    )
    await tx.execute(
        """UPDATE media SET post_id = NULL, revision_of = $1
           WHERE post_id = $1 AND file_key = '' AND NOT (id = ANY($2::bigint[]))""",
        post_id,
        [record["id"] for record in kept],
    )
    # Whoever edits without end does not fill our table.
    await tx.execute(
        """DELETE FROM media WHERE id IN (SELECT id FROM media WHERE revision_of = $1 AND file_key = ''
                                          ORDER BY id DESC OFFSET $2)""",
        post_id,
        _EARLIER_REMOTE,
    )
    known = {record["remote_url"] for record in kept}
    await put_remote(tx, post_id, [(n, row) for n, row in enumerate(rows) if row.remote_url not in known])


async def list_by_ids(tx: Tx, media_ids: Sequence[int]) -> dict[int, Media]:
    """These files, by number; what is gone is left out."""
    records = await tx.fetch(f"SELECT {_COLUMNS} FROM media WHERE id = ANY($1::bigint[])", media_ids)
    return {media.id: media for media in many(Media, records)}


async def lock_owner(tx: Tx, owner_id: int) -> None:
    """Let one upload of an owner be counted at a time."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('media:' || ($1::bigint)::text, 0))", owner_id
    )


async def count_bytes(tx: Tx, owner_id: int) -> int:
    """Bytes an owner's uploads take, previews included."""
    found = await tx.fetchval(
        "SELECT coalesce(sum(bytes), 0)::bigint FROM media WHERE owner_id = $1 AND file_key <> ''", owner_id
    )
    return int(found)


async def lock_everybody(tx: Tx) -> None:
    """Let one upload be counted at a time, of whomever."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('media', 0))")


async def count_all_bytes(tx: Tx) -> int:
    """Bytes all uploads take, previews included."""
    return int(await tx.fetchval("SELECT coalesce(sum(bytes), 0)::bigint FROM media WHERE file_key <> ''"))


async def delete_unattached(tx: Tx, before: datetime, limit: int) -> int:
    """Remove uploads that never came to hang on a post; how many there were."""
    found = await tx.fetch(
        """DELETE FROM media WHERE id IN (
               SELECT id FROM media
               WHERE post_id IS NULL AND revision_of IS NULL AND purpose = 'post' AND created_at < $1
               ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
           RETURNING id""",
        before,
        limit,
    )
    return len(found)


async def delete_worn_portraits(tx: Tx, before: datetime, limit: int) -> int:
    """Remove profile pictures and banners no profile shows any more; how many there were."""
    found = await tx.fetch(
        """DELETE FROM media WHERE id IN (
               SELECT m.id FROM media m JOIN actors a ON a.id = m.owner_id
               WHERE m.purpose <> 'post' AND m.created_at < $1
                 AND NOT (CASE m.purpose WHEN 'avatar' THEN a.avatar_url ELSE a.header_url END
                          LIKE '%/media/files/' || m.file_key)
               LIMIT $2)
           RETURNING id""",
        before,
        limit,
    )
    return len(found)


async def list_leftovers(tx: Tx, limit: int) -> list[str]:
    """Keys of files whose row is gone, oldest first."""
    records = await tx.fetch("SELECT file_key FROM media_leftovers ORDER BY left_at LIMIT $1", limit)
    return [record["file_key"] for record in records]


async def delete_leftovers(tx: Tx, keys: Sequence[str]) -> None:
    """Cross files off the list."""
    await tx.execute("DELETE FROM media_leftovers WHERE file_key = ANY($1::text[])", keys)


async def list_known_keys(tx: Tx, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that some row still needs."""
    records = await tx.fetch(
        """SELECT file_key AS key FROM media WHERE file_key = ANY($1::text[])
           UNION SELECT preview_key FROM media WHERE preview_key = ANY($1::text[])""",
        keys,
    )
    return {record["key"] for record in records}
