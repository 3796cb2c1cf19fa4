"""All SQL of searching."""

from node.db import rows
from node.db.database import Tx
from node.features.actors.store.reads import COLUMNS, Actor


async def list_tags(tx: Tx, prefix: str, limit: int) -> list[str]:
    """Topics that begin with `prefix` (normalised) and that anybody may read about."""
    pattern = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    records = await tx.fetch(
        """SELECT t.tag, max(t.shown) AS shown FROM post_tags t JOIN posts p ON p.id = t.post_id
           WHERE t.tag LIKE $1 AND p.audience = 'public' GROUP BY t.tag ORDER BY count(*) DESC LIMIT $2""",
        pattern,
        limit,
    )
    return [record["shown"] for record in records]


async def find_actor_by_url(tx: Tx, url: str) -> Actor | None:
    """The actor whose page this is."""
    return rows.maybe(Actor, await tx.fetchrow(f"SELECT {COLUMNS} FROM actors WHERE url = $1 LIMIT 1", url))


async def find_post_by_address(tx: Tx, address: str) -> int | None:
    """The post with this id or page address."""
    found: int | None = await tx.fetchval(
        "SELECT id FROM posts WHERE uri = $1 UNION ALL SELECT id FROM posts WHERE url = $1 LIMIT 1", address
    )
    return found
