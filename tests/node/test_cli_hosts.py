"""`allmende node hosts` and `node try-again`: what an admin sees of other nodes, and can do."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from node import configfile
from node.cli import up
from node.config import Config
from node.db.migrate import migrate
from node.services import database_url, running
from tests.node.test_cli import FAST, run

_ROWS = """
INSERT INTO hosts (host, first_seen_at, failures, failing_since, next_attempt_at, code, answer_ms, gone_at, refused_at)
VALUES ('away.example', now(), 3, now(), now() + interval '2 hours', 'timed_out', 40, NULL, NULL),
       ('late.example', now(), 0, NULL, NULL, '', 2300, NULL, NULL),
       ('ended.example', now(), 9, now(), NULL, 'unreachable', 0, now(), NULL),
       ('shut.example', now(), 0, NULL, NULL, '', 0, NULL, now()),
       ('well.example', now(), 0, NULL, NULL, '', 35, NULL, NULL);
INSERT INTO gone_inboxes (inbox_uri, host, gone_at) VALUES ('https://ended.example/inbox', 'ended.example', now());
INSERT INTO actors (id, uri, local, host, kind, username, inbox_uri, created_at, updated_at)
VALUES (1, 'http://localhost:18099/ap/users/1', true, 'localhost:18099', 'Person', 'amina', '', now(), now());
INSERT INTO activities (id, uri, type, actor_id, object_uri, body, created_at)
SELECT n, 'http://localhost:18099/' || n, 'Create', 1, '', '{}', now() FROM generate_series(1, 3) AS n;
INSERT INTO deliveries (activity_id, sender_id, host, inbox_uri, next_attempt_at)
SELECT n, 1, 'away.example', 'https://away.example/inbox', now() + interval '1 hour' FROM generate_series(1, 3) AS n;
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node's folder whose database knows hosts of every state."""
    folder = tmp_path_factory.mktemp("hosts") / "house"
    up.write_settings(Config.for_data_dir(folder, origin="http://localhost:18099", name="Lernwerk"))
    (folder / "postgres.conf").write_text(FAST)
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "secrets" / "node.key").write_bytes(bytes(32))
    asked(folder, lambda database: database.execute(_ROWS))
    return folder


def asked(folder: Path, what: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
    """What the node's database answers."""

    async def ask() -> Any:
        config = configfile.load(folder, environment={})
        async with running(config):
            await migrate(database_url(config))
            connection = await asyncpg.connect(database_url(config))
            try:
                return await what(connection)
            finally:
                await connection.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("state", "seen"),
    [
        ("resting", ["away.example", "timed_out", "3", "40 ms"]),
        ("slow", ["late.example", "2300 ms"]),
        ("gone", ["ended.example", "unreachable"]),
        ("refused", ["shut.example"]),
        ("ok", ["well.example", "35 ms"]),
    ],
)
def test_hosts_are_listed_by_state_with_why_and_how_much_waits(
    home: Path, state: str, seen: list[str]
) -> None:
    result = run("node", "hosts", "--state", state, "--data-dir", home)
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.output.splitlines() if ".example" in line]
    assert all(word in line for word in seen)


def test_resting_hosts_are_what_is_listed_when_nothing_is_asked_for(home: Path) -> None:
    result = run("node", "hosts", "--data-dir", home)
    assert "away.example" in result.output and "well.example" not in result.output


def test_a_host_is_tried_again_with_all_that_waits_for_it(home: Path) -> None:
    result = run("node", "try-again", "Away.Example", "--data-dir", home)
    assert (result.exit_code, result.output.strip()) == (0, "Away.Example is being tried again.")
    due = asked(
        home,
        lambda database: database.fetchrow(
            """SELECT h.next_attempt_at, (SELECT count(*) FROM deliveries d WHERE d.host = h.host
                                          AND d.next_attempt_at <= now()) AS due
               FROM hosts h WHERE h.host = 'away.example'"""
        ),
    )
    assert tuple(due) == (None, 3)


def test_a_host_that_was_given_up_is_written_to_again(home: Path) -> None:
    assert run("node", "try-again", "ended.example", "--data-dir", home).exit_code == 0
    left = asked(
        home,
        lambda database: database.fetchrow(
            """SELECT (SELECT gone_at FROM hosts WHERE host = 'ended.example') AS gone,
                      (SELECT count(*) FROM gone_inboxes) AS inboxes"""
        ),
    )
    assert tuple(left) == (None, 0)


def test_a_host_nobody_ever_wrote_to_is_named_as_such(home: Path) -> None:
    result = run("node", "try-again", "nowhere.example", "--data-dir", home)
    assert result.exit_code != 0
    assert "Nothing was ever sent to nowhere.example." in result.output + str(result.exception)
