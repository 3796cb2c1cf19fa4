"""People with browsers for the tests of pages, and what they do most."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from node.features.follows import service as follows
from node.features.posts import service as posts
from tests.node.features.accounts.browser import Browser


@asynccontextmanager
async def signed_in(node, username, **person) -> AsyncIterator[Browser]:
    """A new member's browser; `browser.me` is their actor."""
    me = await node.person(username, **person)
    async with Browser(node.origin) as browser:
        await browser.sign_in(username)
        browser.me = me
        yield browser


async def write(node, person, source, **draft) -> int:
    """A post, written past the pages; its id."""
    await posts.meet_mentioned(node.node, source)
    async with node.db.tx() as tx:
        return await posts.write_post(tx, node.node, person.id, posts.Draft(source=source, **draft))


async def follow(node, follower, followee) -> None:
    """One of a node's people follows somebody it knows."""
    async with node.db.tx() as tx:
        await follows.follow(tx, node.node, follower.id, followee.id)
