"""What a post in a large group costs: one delivery for each house and form, whatever the number of members."""

from __future__ import annotations

from tests.node.features.group_posts.places import found, says
from tests.rig import RigNode

HOUSES, MEMBERS = 200, 10_000


async def test_ten_thousand_members_in_two_hundred_houses_cost_two_hundred_deliveries(
    lindenhof: RigNode,
) -> None:
    amina = await lindenhof.person("amina")
    seat = await found(lindenhof, amina)
    async with lindenhof.db.tx() as tx:
        await tx.execute(
            """INSERT INTO actors (id, uri, local, host, handle_host, kind, username, inbox_uri, shared_inbox_uri,
                                   created_at, updated_at)
               SELECT n, 'https://h' || n % $1 || '.example/u/' || n, false, 'h' || n % $1 || '.example',
                      'h' || n % $1 || '.example', 'Person', 'u' || n,
                      'https://h' || n % $1 || '.example/u/' || n || '/inbox',
                      'https://h' || n % $1 || '.example/inbox', $3, $3
               FROM generate_series(1, $2::integer) AS n""",
            HOUSES,
            MEMBERS,
            tx.now,
        )
        await tx.execute(
            """INSERT INTO follows (id, uri, follower_id, followee_id, state, created_at, accepted_at)
               SELECT n, 'f:' || n, n, $1, 'accepted', $3, $3 FROM generate_series(1, $2::integer) AS n""",
            seat.group.id,
            MEMBERS,
            tx.now,
        )
        await tx.execute(
            """INSERT INTO hosts (host, software, first_seen_at)
               SELECT 'h' || n || '.example', CASE WHEN n < $1 / 2 THEN 'mastodon' ELSE 'lemmy' END, $2
               FROM generate_series(0, $1::integer - 1) AS n""",
            HOUSES,
            tx.now,
        )
    await says(seat, amina, "Everybody!")
    async with lindenhof.db.read() as tx:
        rows = await tx.fetch(
            """SELECT a.object_uri, count(*) AS number FROM deliveries d JOIN activities a ON a.id = d.activity_id
               WHERE d.sender_id = $1 GROUP BY a.object_uri""",
            seat.group.id,
        )
    # Half the houses know one form, half the other: nobody is told twice.
    assert sorted(row["number"] for row in rows) == [HOUSES // 2, HOUSES // 2]
