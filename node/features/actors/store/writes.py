"""Changes of actors: what is known of them, where they moved to, and how they end."""

from node.db import rows
from node.db.database import Tx
from node.features.actors.store.reads import COLUMNS, Actor


async def put_actor(tx: Tx, actor: Actor) -> Actor | None:
    """Store a new actor, or what changed of a known one (same uri).

    Returns None when another actor holds the handle. Counts, suspension and our own times are
    kept; a deleted actor stays deleted.
    """
    record = await tx.fetchrow(
        f"""INSERT INTO actors ({COLUMNS})
            VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,
                    $27,$28,$29,$30,$31,$32,$33,$34,$35,$36,$37,$38,$39,$40)
            ON CONFLICT (uri) DO UPDATE SET
                kind = EXCLUDED.kind, display_name = EXCLUDED.display_name,
                summary_html = EXCLUDED.summary_html, summary_source = EXCLUDED.summary_source, url = EXCLUDED.url,
                inbox_uri = EXCLUDED.inbox_uri, shared_inbox_uri = EXCLUDED.shared_inbox_uri,
                outbox_uri = EXCLUDED.outbox_uri, followers_uri = EXCLUDED.followers_uri,
                following_uri = EXCLUDED.following_uri, featured_uri = EXCLUDED.featured_uri,
                avatar_url = EXCLUDED.avatar_url, avatar_alt = EXCLUDED.avatar_alt,
                header_url = EXCLUDED.header_url, header_alt = EXCLUDED.header_alt, fields = EXCLUDED.fields,
                locked = EXCLUDED.locked, discoverable = EXCLUDED.discoverable, indexable = EXCLUDED.indexable,
                also_known_as = EXCLUDED.also_known_as, moved_to_uri = EXCLUDED.moved_to_uri,
                public_key_id = EXCLUDED.public_key_id, public_key_pem = EXCLUDED.public_key_pem,
                ed25519_key_id = EXCLUDED.ed25519_key_id, ed25519_multibase = EXCLUDED.ed25519_multibase,
                followers_count = CASE WHEN actors.local THEN actors.followers_count
                                       ELSE EXCLUDED.followers_count END,
                following_count = CASE WHEN actors.local THEN actors.following_count
                                       ELSE EXCLUDED.following_count END,
                updated_at = EXCLUDED.updated_at, fetched_at = EXCLUDED.fetched_at
            WHERE actors.deleted_at IS NULL
            RETURNING {COLUMNS}""",
        *[getattr(actor, field) for field in Actor.__struct_fields__],
    )
    return rows.maybe(Actor, record)


async def put_moved(tx: Tx, actor_id: int, target_uri: str) -> None:
    """Remember where an actor moved to."""
    await tx.execute("UPDATE actors SET moved_to_uri = $2 WHERE id = $1", actor_id, target_uri)


async def put_deleted(tx: Tx, actor_id: int) -> None:
    """Empty the actor and mark it deleted; posts and relations go by the callers' hands."""
    await tx.execute(
        """UPDATE actors SET deleted_at = $2, display_name = '', summary_html = '', summary_source = '',
               avatar_url = '', avatar_alt = '', header_url = '', header_alt = '', fields = '[]',
               followers_count = 0, following_count = 0, posts_count = 0
           WHERE id = $1 AND deleted_at IS NULL""",
        actor_id,
        tx.now,
    )


async def delete_everything_of(tx: Tx, actor_id: int) -> None:
    """Delete what an actor did and was related to; posts go by `delete_posts_of`, the emptied row stays."""
    for statement in (
        """UPDATE posts p SET likes_count = GREATEST(p.likes_count - 1, 0)
           FROM likes l WHERE l.actor_id = $1 AND p.id = l.post_id""",
        """UPDATE posts p SET boosts_count = GREATEST(p.boosts_count - 1, 0)
           FROM boosts b WHERE b.actor_id = $1 AND p.id = b.post_id""",
        """UPDATE posts p SET reactions_count = GREATEST(p.reactions_count - r.number, 0)
           FROM (SELECT post_id, count(*) AS number FROM reactions WHERE actor_id = $1 GROUP BY 1) AS r
           WHERE p.id = r.post_id""",
        """UPDATE posts p SET replies_count = GREATEST(p.replies_count - r.number, 0)
           FROM (SELECT in_reply_to_id, count(*) AS number FROM posts
                 WHERE author_id = $1 AND in_reply_to_id IS NOT NULL AND audience IN ('public', 'unlisted')
                   AND group_state = '' GROUP BY 1) AS r WHERE p.id = r.in_reply_to_id""",
        "DELETE FROM boosts WHERE actor_id = $1",
        "DELETE FROM likes WHERE actor_id = $1",
        "DELETE FROM reactions WHERE actor_id = $1",
        # What polls counted stays counted, as elsewhere; who chose it is forgotten.
        "DELETE FROM poll_votes WHERE actor_id = $1",
        "DELETE FROM bookmarks WHERE actor_id = $1",
        """UPDATE groups g SET members_count = GREATEST(g.members_count - 1, 0) FROM members m
           WHERE m.actor_id = $1 AND m.state = 'member' AND g.actor_id = m.group_id""",
        "DELETE FROM members WHERE actor_id = $1 OR group_id = $1",
        "DELETE FROM group_bans WHERE actor_id = $1",
        "DELETE FROM group_invites WHERE group_id = $1",
        "DELETE FROM follows WHERE follower_id = $1 OR followee_id = $1",
        "DELETE FROM blocks WHERE actor_id = $1 OR target_id = $1",
        "DELETE FROM mutes WHERE actor_id = $1 OR target_id = $1",
        "DELETE FROM notifications WHERE actor_id = $1 OR owner_id = $1",
        "DELETE FROM media WHERE owner_id = $1",
        "DELETE FROM post_mentions WHERE actor_id = $1",
        "DELETE FROM home_entries WHERE owner_id = $1",
    ):
        await tx.execute(statement, actor_id)


async def delete_posts_of(tx: Tx, actor_id: int, limit: int) -> int:
    """Delete an actor's newest posts with all that hangs on them; how many there were, `limit` at most."""
    done = await tx.execute(
        """DELETE FROM posts WHERE id IN (
               SELECT id FROM posts WHERE author_id = $1 ORDER BY id DESC LIMIT $2)""",
        actor_id,
        limit,
    )
    return int(done.rpartition(" ")[2])


async def lock_founding(tx: Tx) -> None:
    """Hold the right to make the node's own actor until the transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock(772001)")
