"""The embedded services: private, durable, and startable again after anything."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from node import services
from node.config import Config
from node.services import Postgres, ServiceError, Valkey, place

FAST = {"fsync": "off"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory with a cluster in it; making one takes most of a test's time."""
    folder = tmp_path_factory.mktemp("a house") / "dä ta"

    async def make() -> None:
        async with Postgres(folder, settings=FAST) as postgres:
            await postgres.create_database("house")

    asyncio.run(make())
    yield folder


async def test_the_database_keeps_what_was_written_over_a_restart(made: Path) -> None:
    for _ in range(2):
        async with Postgres(made, settings=FAST) as postgres:
            connection = await asyncpg.connect(postgres.dsn("house"))
            await connection.execute("CREATE TABLE IF NOT EXISTS kept (n integer)")
            await connection.execute("INSERT INTO kept VALUES (1)")
            count = await connection.fetchval("SELECT count(*) FROM kept")
            await connection.close()
    assert count == 2


async def test_letters_of_other_languages_are_lowered_and_no_tcp_port_is_open(made: Path) -> None:
    async with Postgres(made, settings=FAST) as postgres:
        connection = await asyncpg.connect(postgres.dsn("house"))
        assert await connection.fetchval("SELECT lower('ÀÉÎŁ')") == "àéîł"
        assert await connection.fetchval("SHOW listen_addresses") == ""
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        await connection.close()


async def test_production_settings_are_durable() -> None:
    from node.services.postgres import SETTINGS

    assert {SETTINGS[name] for name in ("fsync", "synchronous_commit", "full_page_writes")} == {"on"}


async def test_the_password_is_needed_and_the_socket_is_private(made: Path) -> None:
    async with Postgres(made, settings=FAST) as postgres:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.dsn("house"), password="guess")
        folder = place.find_socket_dir(made, "postgres", ".s.PGSQL.5432")
        assert folder is not None
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((made / "secrets" / "postgres").stat().st_mode) == 0o600


async def test_a_second_start_on_a_running_cluster_is_refused_politely(made: Path) -> None:
    async with Postgres(made, settings=FAST) as first:
        assert first.is_running()
        with pytest.raises(ServiceError) as caught:
            await Postgres(made).start()
        assert caught.value.code == "services.busy"
        assert await first.create_database("another")
    assert not first.is_running()


async def test_a_template_is_copied_and_a_copy_dropped(made: Path) -> None:
    async with Postgres(made, settings=FAST) as postgres:
        assert await postgres.create_database("copy", template="house")
        assert not await postgres.create_database("copy")
        await postgres.drop_database("copy")
        assert await postgres.create_database("copy")
        await postgres.drop_database("copy")
        with pytest.raises(ValueError, match="not a database name"):
            await postgres.create_database('x"; DROP')


async def test_a_start_right_after_kill_9_of_the_server_recovers(made: Path) -> None:
    first = Postgres(made, settings=FAST)
    await first.start()
    assert first.process is not None
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.child.wait()
    await first.stop()
    async with Postgres(made, settings=FAST) as second:
        assert second.is_running()


async def test_a_stale_pid_file_that_names_a_stranger_harms_nobody(made: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as stranger:
        lines = [str(stranger.pid), str(made / "postgres"), "1", "5432", "", "", "", "ready"]
        (made / "postgres" / "postmaster.pid").write_text("\n".join(lines))
        assert not Postgres(made).is_running()
        async with Postgres(made, settings=FAST) as postgres:
            assert postgres.is_running()
        assert stranger.poll() is None
        stranger.kill()


async def test_the_server_ends_by_itself_when_its_parent_is_killed(made: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "from node.services import Postgres\n"
        "async def main():\n"
        "    async with Postgres(pathlib.Path(sys.argv[1]), settings={'fsync': 'off'}) as p:\n"
        "        print(p.process.pid, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", code, str(made)],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": "."},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    descriptor = _pidfd(pid)
    if descriptor is not None:
        await asyncio.wait_for(_until_readable(descriptor), 20)
    async with Postgres(made, settings=FAST) as postgres:
        assert postgres.is_running()


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


async def _until_readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def test_a_cluster_of_another_major_version_is_left_alone_with_a_clear_word(tmp_path: Path) -> None:
    home = tmp_path / "postgres"
    home.mkdir()
    (home / "PG_VERSION").write_text("15\n")
    with pytest.raises(ServiceError, match="allmende backup") as caught:
        await Postgres(tmp_path).start()
    assert caught.value.code == "services.other_version"
    assert (home / "PG_VERSION").read_text() == "15\n"


async def test_what_an_interrupted_first_start_left_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    async with Postgres(tmp_path, settings=FAST) as postgres:
        assert postgres.is_running()
    assert not half.exists()


async def test_valkey_keeps_its_keys_over_a_restart_and_asks_for_the_password(tmp_path: Path) -> None:
    for expected in (1, 2):
        async with Valkey(tmp_path / "a b") as valkey:
            client = Redis.from_url(valkey.url(3))
            assert await client.incr("starts") == expected
            assert (await client.config_get("appendonly"))["appendonly"] == "yes"
            await client.aclose()
            assert valkey.is_running()
            with socket.socket(socket.AF_UNIX) as link:
                link.connect(str(tmp_path / "a b" / "run" / "valkey" / "valkey.sock"))
                link.sendall(b"PING\r\n")
                assert b"NOAUTH" in link.recv(100)
    assert not valkey.is_running()


async def test_an_unreadable_append_only_file_is_put_aside(tmp_path: Path) -> None:
    async with Valkey(tmp_path):
        pass
    for manifest in (tmp_path / "valkey" / "appendonlydir").glob("*.manifest"):
        manifest.write_text("this is no manifest\n")
    async with Valkey(tmp_path) as valkey:
        assert valkey.is_running()
    assert len(list(tmp_path.glob("valkey.unreadable-*"))) == 1


async def test_a_data_directory_with_a_very_long_path_gets_a_short_private_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 20) / ("deeper" * 10)
    async with Valkey(deep) as valkey:
        assert valkey.is_running()
        folder = place.find_socket_dir(deep, "valkey", "valkey.sock")
        assert folder is not None
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        folder.chmod(0o755)
        assert place.find_socket_dir(deep, "valkey", "valkey.sock") is None
        folder.chmod(0o700)
    folder.rmdir()


async def test_of_two_first_starts_both_get_the_same_secret(tmp_path: Path) -> None:
    names = [asyncio.to_thread(place.secret, tmp_path / "secrets" / "x") for _ in range(8)]
    assert len(set(await asyncio.gather(*names))) == 1


async def test_one_command_borrows_what_runs_and_starts_what_does_not(tmp_path: Path, made: Path) -> None:
    config = Config.for_data_dir(made)
    async with Postgres(made, settings=FAST) as postgres:
        async with services.running(config):
            assert Valkey(made).is_running()
            settings = services.arq_settings(services.valkey_url(config))
            assert settings.unix_socket_path == str(made / "run" / "valkey" / "valkey.sock")
            connection = await asyncpg.connect(services.database_url(config))
            await connection.close()
        assert postgres.is_running()
        assert not Valkey(made).is_running()


async def test_addresses_of_own_servers_come_from_settings_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text("postgresql://u:p@db/x\n")
    (tmp_path / "allmende.toml").write_text(
        "[node]\nlab = true\n[database]\nurl_file = 'dsn'\n[valkey]\nurl = 'redis://v:6379/1'\n"
    )
    from node import configfile

    config = configfile.load(tmp_path, environment={})
    assert services.database_url(config) == "postgresql://u:p@db/x"
    assert services.valkey_url(config) == "redis://v:6379/1"
    assert not config.embeds_database
    assert not config.embeds_valkey
