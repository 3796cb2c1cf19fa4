"""Everything that is a person's, in one zip file: JSON to read, CSV other places import, and files.

The file is made in the data directory without a name, sent to the person who asked and gone; there
is no link to it that could be passed on or found later (threats PRV-02). Called by the page.
"""

import asyncio
import csv
import io
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO

import msgspec

from node.errors import NodeError
from node.features.accounts import service as accounts
from node.features.actors.store import reads as actors
from node.features.leaving import store
from node.features.media.storage import storage_of
from node.runtime import Node

_POSTS_AT_ONCE = 500
_README = """What is in here

account.json             your account
profile.json             your profile as others see it
posts.json               what you wrote, newest versions
likes.json, bookmarks.json, boosts.json
                         addresses of posts you thanked for, kept, or passed on
votes.json               what you chose in polls
following_accounts.csv   whom you follow      } these three can be imported
blocked_accounts.csv     whom you blocked     } by other places that speak
muted_accounts.csv       whom you muted       } ActivityPub
followers.csv            who follows you
media/                   the files you uploaded; media.json says where they belong
"""


async def make_export(node: Node, actor_id: int) -> BinaryIO:
    """A zip with everything of the person, open at its beginning; closing it removes it.

    Raises: NodeError `not_found` when there is no such account (any more).
    """
    node.config.data_dir.mkdir(parents=True, exist_ok=True)
    file = tempfile.TemporaryFile(dir=node.config.data_dir, prefix="export-")  # noqa: SIM115  (handed on)
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", _README)
            await _put_words(node, actor_id, archive)
            await _put_files(node, actor_id, archive)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


async def _put_words(node: Node, actor_id: int, archive: zipfile.ZipFile) -> None:
    async with node.db.read() as tx:
        account = await accounts.get_account(tx, actor_id)
        actor = await actors.get_actor(tx, actor_id)
        _put_json(archive, "account.json", _account(account))
        _put_json(archive, "profile.json", _profile(actor))
        for mark in ("likes", "bookmarks", "boosts"):
            _put_json(archive, f"{mark}.json", await store.list_marked(tx, actor_id, mark))
        _put_json(archive, "votes.json", await store.list_votes(tx, actor_id))
        following = await store.list_related(tx, actor_id, "following")
        _put_csv(
            archive,
            "following_accounts.csv",
            ("Account address", "Show boosts", "Notify on new posts", "Languages"),
            [(one.address, _truth(one.flag), "false", "") for one in following],
        )
        blocked = await store.list_related(tx, actor_id, "blocks")
        _put_csv(archive, "blocked_accounts.csv", (), [(one.address,) for one in blocked])
        muted = await store.list_related(tx, actor_id, "mutes")
        rows = [(one.address, _truth(one.flag)) for one in muted]
        _put_csv(archive, "muted_accounts.csv", ("Account address", "Hide notifications"), rows)
        followers = await store.list_related(tx, actor_id, "followers")
        _put_csv(
            archive, "followers.csv", ("Account address",), [(one.address,) for one in followers if one.flag]
        )
    await _put_posts(node, actor_id, archive)


async def _put_posts(node: Node, actor_id: int, archive: zipfile.ZipFile) -> None:
    with archive.open("posts.json", "w") as file:
        after_id, separator = 0, b"[\n"
        while True:
            async with node.db.read() as tx:
                posts = await store.list_posts(tx, actor_id, after_id, _POSTS_AT_ONCE)
            for post in posts:
                file.write(separator + msgspec.json.encode(post))
                separator = b",\n"
            if len(posts) < _POSTS_AT_ONCE:
                break
            after_id = posts[-1].id
        file.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


async def _put_files(node: Node, actor_id: int, archive: zipfile.ZipFile) -> None:
    async with node.db.read() as tx:
        files = await store.list_files(tx, actor_id)
    kept = storage_of(node).files
    listed = []
    for one in files:
        try:
            path = await kept.fetch(one.file_key)
            # Pictures and films are packed already; packing them again only costs time.
            await asyncio.to_thread(archive.write, path, f"media/{one.file_key}", zipfile.ZIP_STORED)
        except (NodeError, OSError):
            continue  # the row outlived its file, or the file was removed this moment
        listed.append({"file": f"media/{one.file_key}", **msgspec.structs.asdict(one)})
    _put_json(archive, "media.json", listed)


def _account(account: accounts.Account) -> dict[str, object]:
    return {
        "username": account.username,
        "email": account.email,
        "role": account.role,
        "created_at": account.created_at,
        "language": account.locale,
        "time_zone": account.time_zone,
        "default_audience": account.default_audience,
        "answer_when_joining": account.answer,
    }


def _profile(actor: actors.Actor) -> dict[str, object]:
    return {
        "address": actor.handle,
        "uri": actor.uri,
        "url": actor.url,
        "display_name": actor.display_name,
        "text": actor.summary_source,
        "fields": actor.fields,
        "picture": actor.avatar_url,
        "banner": actor.header_url,
        "locked": actor.locked,
        "discoverable": actor.discoverable,
        "indexable": actor.indexable,
        "also_known_as": actor.also_known_as,
    }


def _truth(flag: bool) -> str:
    return "true" if flag else "false"


def _put_json(archive: zipfile.ZipFile, name: str, value: object) -> None:
    archive.writestr(name, msgspec.json.format(msgspec.json.encode(value), indent=2))


def _put_csv(archive: zipfile.ZipFile, name: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if head:
        writer.writerow(head)
    writer.writerows(rows)
    archive.writestr(name, text.getvalue())


def file_name(username: str, now: datetime) -> str:
    """What the download is called."""
    return f"{username}-{now:%Y-%m-%d}.zip"
