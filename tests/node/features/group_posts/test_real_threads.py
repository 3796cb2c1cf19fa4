"""Real posts of Lemmy, NodeBB and Friendica, announced by their group: in it here, and shown once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.corpus.files import load, needed
from tests.federation.peers import Peer
from tests.node.features.group_posts.places import put_member
from tests.node.wire.conftest import peers  # noqa: F401
from tests.node.wire.strangers import PUBLIC, Stranger, faults, known_as, outcome, run
from tests.rig import RigNode

# The document, and the group it was written to.
THREADS = {
    "lemmy/lemmy/objects/page": "enterprise.lemmy.ml/c/tenforward",
    "lemmy/lemmy/activities/create_or_update/create_page": "enterprise.lemmy.ml/c/main",
    "lemmy/nodebb/objects/page": "bb.devnull.land/category/2",
    "lemmy/friendica/activities/create_page_2": "ds9.lemmy.ml/c/testcom",
    "lemmy/friendica/objects/page_1": "ds9.lemmy.ml/c/testcom",
}


def _moved(name: str, author: Stranger, group: Stranger) -> dict[str, Any]:
    """The post with its author and its group at our peers; the rest as it was sent."""
    document = load(name)
    post = document if "attributedTo" in document else document["object"]
    addresses = {post["id"]: author.new_id("n"), post["attributedTo"]: author.uri}
    addresses |= {f"{scheme}://{THREADS[name]}": group.uri for scheme in ("http", "https")}
    text = json.dumps(post)
    for old, new in addresses.items():
        text = text.replace(f'"{old}"', f'"{new}"').replace(f'"{old}/', f'"{new}/')
    found: dict[str, Any] = json.loads(text)
    return {"@context": "https://www.w3.org/ns/activitystreams", **found}


@needed
@pytest.mark.parametrize("name", list(THREADS))
async def test_a_real_thread_stands_in_its_group_and_is_shown_once(
    lindenhof: RigNode,
    peers: list[Peer],  # noqa: F811
    name: str,
) -> None:
    amina = await lindenhof.person("amina")
    group, author = Stranger(peers[0], "club", type="Group"), Stranger(peers[1], "writer")
    there = await known_as(lindenhof, group)
    async with lindenhof.db.tx() as tx:
        await tx.execute(
            "INSERT INTO groups (actor_id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            there.id,
            tx.now,
        )
        await put_member(tx, there.id, amina.id, "member")
    post = _moved(name, author, group)
    peers[1].documents[post["id"].removeprefix(peers[1].origin)] = post
    more: dict[str, Any] = {"to": [PUBLIC], "cc": [f"{group.uri}/followers"]}
    create = author.does("Create", post)
    for told in (create, create, post["id"]):
        announce = group.does("Announce", told, **more)
        assert await group.send(lindenhof, announce) == 202
        await run(lindenhof)
        assert (await outcome(lindenhof, announce))[0] in ("done", "ignored")
        async with lindenhof.db.read() as tx:
            row = await tx.fetchrow(
                """SELECT p.group_id, (SELECT count(*) FROM boosts b WHERE b.post_id = p.id) AS boosts,
                          (SELECT count(*) FROM home_entries h WHERE h.post_id = p.id) AS shown
                   FROM posts p WHERE p.uri = $1""",
                post["id"],
            )
        assert row is not None and tuple(row) == (there.id, 1, 1)
    assert await faults(lindenhof) == []
