"""Whatever arrived can be shown: the pages and the client API over all that is stored."""

from __future__ import annotations

from node.features.actors.store.reads import Actor
from tests.node.features.accounts.browser import Browser
from tests.node.features.api_client import ALL_SCOPES, Clients
from tests.rig import RigNode


async def all_pages_work(node: RigNode, amina: Actor) -> None:
    """Whatever was kept can be shown."""
    async with Browser(node.origin) as browser, Clients(node) as clients:
        await browser.sign_in("amina")
        for page in ("/", "/world", "/notifications", "/messages", "/tags/thema", "/search?q=eve"):
            assert (await browser.get(page)).status == 200, page
        client = await clients.program_of(amina, ALL_SCOPES)
        for path in ("timelines/home", "timelines/public", "notifications"):
            assert (await client.call("GET", f"/api/v1/{path}?limit=40")).status == 200, path
        async with node.db.read() as tx:
            ids = [row["id"] for row in await tx.fetch("SELECT id FROM posts WHERE NOT local")]
        for start in range(0, len(ids), 40):
            query = "&".join(f"id[]={one}" for one in ids[start : start + 40])
            assert (await client.call("GET", f"/api/v1/statuses?{query}")).status == 200
