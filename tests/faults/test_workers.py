"""Two and four workers, processes of their own, at one queue: everything once, each inbox in order."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.houses import House
from tests.federation.peers import Peer
from tests.node.wire.strangers import Inboxes, Stranger


@pytest.mark.parametrize("workers", [2, 4])
async def test_rel_10_workers_side_by_side_send_everything_once_and_in_order(
    tmp_path: Path, workers: int
) -> None:
    house = House(tmp_path)
    house.lab.settings["WORKER__PROCESSES"] = str(workers)
    peers = [Peer("localhost") for _ in range(12)]
    doors = []
    async with house:
        try:
            for number, peer in enumerate(peers):
                await peer.start()
                reader = Stranger(peer, f"reader{number}")
                doors.append(Inboxes(peer, f"/u/{reader.name}/inbox"))
                follow = reader.does("Follow", house.alice)
                assert await reader.send(house, follow, now=datetime.now(UTC)) == 202  # type: ignore[arg-type]
            await house.until(lambda: all(door.of_type("Accept") for door in doors), "not all may follow")
            for number in range(15):
                assert await house.write(f"Rundbrief {number}") == 200
            await house.until(
                lambda: all(len(door.of_type("Create")) >= 15 for door in doors), "not all was sent"
            )

            async def quiet() -> bool:
                return not await house.ask("SELECT 1 FROM deliveries WHERE state = 'due'")

            await house.until(quiet, "something still waits")
            ended = await house.ask("SELECT state, attempts, count(*) FROM deliveries GROUP BY 1, 2")
            assert [tuple(row)[:2] for row in ended] == [("delivered", 1)]
        finally:
            for peer in peers:
                await peer.stop()
    for door in doors:
        assert [document["object"]["id"] for document in door.of_type("Create")] == house.written
