"""Lists of people brought along from elsewhere: whom to follow, block or mute, as CSV files have them.

A list becomes lines in the database; a job takes them one after the other, asks the network for those
unknown here, and can stop anywhere and go on. A line that is done is never done again. Called by the
page; what following means is `follows`' to say.
"""

import asyncio
import csv
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from federation import delivery
from federation.discovery.webfinger import parse_handle
from federation.errors import FederationError
from node.db.database import Tx
from node.errors import N_, NodeError
from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.follows.store import find_follow, put_follow_wishes
from node.features.leaving import store
from node.features.leaving.store import Line
from node.runtime import Node

KINDS: Final = ("follow", "block", "mute")
MOST_LINES: Final = 3000
MAX_BYTES: Final = 1024 * 1024
MAX_ATTEMPTS: Final = 4
KEPT: Final = timedelta(days=30)
_MOST_HANDLE: Final = 120
_SHARE: Final = 0.3  # of the longest time for a job: so long new lines are begun
_LINE_SHARE: Final = 0.6  # so long one line may ask the network, so that it ends within the job
_LEASE: Final = timedelta(minutes=10)
_SWEPT: Final = 50


class PeopleList(msgspec.Struct, frozen=True):
    """What a file says: addresses, each with the yes or no beside it, and how many lines made no sense."""

    people: tuple[tuple[str, bool], ...]
    unread: int

    def as_text(self) -> str:
        """The same as a CSV file."""
        return "".join(f"{handle},{'true' if flag else 'false'}\n" for handle, flag in self.people)


def read_list(data: bytes) -> PeopleList:
    """The people of a CSV file as Mastodon, and most others, write it.

    Raises: NodeError `invalid` on `file`.
    """
    try:
        rows = list(csv.reader(data.decode("utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error):
        raise _unfit(N_("This does not look like such a list. It should be a CSV file.")) from None
    found: dict[str, bool] = {}
    unread = 0
    for number, row in enumerate(rows):
        if not row or not row[0].strip() or (number == 0 and "@" not in row[0]):
            continue  # empty, or the line that names the columns
        try:
            handle = parse_handle(row[0])
        except FederationError:
            unread += 1
            continue
        if len(address := f"{handle.name}@{handle.host}") > _MOST_HANDLE:
            unread += 1
        else:
            found[address] = len(row) < 2 or row[1].strip().lower() != "false"
    if not found:
        raise _unfit(N_("There is nobody in this list."))
    if len(found) > MOST_LINES:
        raise _unfit(N_("This list is too long. Please bring at most 3,000 people at a time."))
    return PeopleList(tuple(found.items()), unread)


def _unfit(text: str) -> NodeError:
    return NodeError("invalid", field="file", text=text)


async def begin(tx: Tx, owner_id: int, kind: str, people: Sequence[tuple[str, bool]]) -> None:
    """Have everybody of a list followed, blocked or muted, a few at a time."""
    await store.put_lines(tx, owner_id, kind, people)
    tx.wake(f"import:{owner_id}")


async def run(node: Node, argument: str) -> None:
    """Job `import`: one line after the other while there is time; what is left is woken again."""
    if not argument.isdecimal():
        return
    loop = asyncio.get_running_loop()
    until = loop.time() + node.config.worker.job_timeout_s * _SHARE
    while loop.time() < until:
        async with node.db.tx() as tx:
            line = await store.lease_line(tx, int(argument), _LEASE)
        if line is None:
            return
        await _do(node, line)
    await node.db.wake({f"import:{argument}"})


async def _do(node: Node, line: Line) -> None:
    if line.attempts > MAX_ATTEMPTS:  # it broke off each time
        async with node.db.tx() as tx:
            await store.put_line_ended(tx, line.id, "broke_off")
        return
    try:
        person = await _find(node, line.handle)
        async with node.db.tx() as tx:
            await _apply(tx, node, line, person)
            await store.put_line_ended(tx, line.id)
    except NodeError as error:
        passing = error.code == "peer_unreachable" and line.attempts < MAX_ATTEMPTS
        delay = delivery.next_delay(line.attempts, random.Random()) if passing else None
        async with node.db.tx() as tx:
            if delay is not None:
                await store.put_line_again(tx, line.id, tx.now + timedelta(seconds=delay))
            else:
                await store.put_line_ended(tx, line.id, error.code)


async def _find(node: Node, handle: str) -> Actor:
    try:
        async with asyncio.timeout(node.config.worker.job_timeout_s * _LINE_SHARE):
            return await lookup.resolve_handle(node, handle)
    except TimeoutError:
        raise NodeError("peer_unreachable", detail="too slow") from None


async def _apply(tx: Tx, node: Node, line: Line, person: Actor) -> None:
    if line.kind == "follow":
        await follows.follow(tx, node, line.owner_id, person.id)
        follow = await find_follow(tx, line.owner_id, person.id)
        if follow is not None and not line.flag:
            await put_follow_wishes(tx, follow.id, False, None)
    elif line.kind == "block":
        await follows.block(tx, node, line.owner_id, person.id)
    else:
        await follows.mute(tx, line.owner_id, person.id, notifications=line.flag)


async def sweep(node: Node) -> None:
    """Wake the lists that are not through."""
    async with node.db.read() as tx:
        owners = await store.list_importers(tx, _SWEPT)
    if owners:
        await node.db.wake({f"import:{owner}" for owner in owners})


async def forget(node: Node) -> None:
    """What was done a month ago is no longer shown."""
    async with node.db.tx() as tx:
        await store.delete_old_lines(tx, tx.now - KEPT)
