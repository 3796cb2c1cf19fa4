"""HEAD is answered wherever GET is, with the same status and headers and no body."""

import aiohttp

from tests.rig import RigNode

PATHS = (
    "/",
    "/about",
    "/api/v1/instance",
    "/avatars/original/missing.png",
    "/.well-known/nodeinfo",
    "/nothing",
)


async def test_head_is_get_without_the_body(lindenhof: RigNode) -> None:
    async with aiohttp.ClientSession() as browser:
        for path in PATHS:
            async with browser.get(lindenhof.origin + path) as whole:
                await whole.read()
            async with browser.head(lindenhof.origin + path) as head:
                assert await head.read() == b""
            assert (head.status, head.content_type) == (whole.status, whole.content_type), path
