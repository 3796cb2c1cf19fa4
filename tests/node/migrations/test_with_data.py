"""Every migration meets a house that is lived in: nothing is lost, and the end is the same as from nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import msgspec
import pytest

from node.db import migrate as steps
from node.services import Postgres

HOUSES = {int(path.stem[-4:]): path for path in sorted(Path(__file__).parent.glob("house_at_*.sql"))}
TABLES = """SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND relname <> 'schema_migrations' ORDER BY relname"""
SHAPE = """SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
           WHERE table_schema = 'public' AND table_name <> 'schema_migrations' ORDER BY table_name, column_name"""
INDEXES = """SELECT indexname, indexdef FROM pg_indexes
             WHERE schemaname = 'public' AND tablename <> 'schema_migrations' ORDER BY indexname"""
RULES = """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
           WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'schema_migrations' ORDER BY 1, 2"""


@pytest.fixture
async def empty(services: tuple[Postgres, object]):
    """A database without anything in it."""
    name = "migrated_with_data"
    await services[0].create_database(name)
    connection = await asyncpg.connect(services[0].dsn(name))
    yield connection
    await connection.close()
    await services[0].drop_database(name)


async def _rows(connection: asyncpg.Connection) -> dict[str, int]:
    names = [row["relname"] for row in await connection.fetch(TABLES)]
    return {name: await connection.fetchval(f'SELECT count(*) FROM "{name}"') for name in names}


async def _move_in(connection: asyncpg.Connection, house: Path) -> None:
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(house.read_text("utf-8"))
    await connection.execute("SET session_replication_role = origin")


async def _shape(connection: asyncpg.Connection) -> list[list[tuple[object, ...]]]:
    return [[tuple(row) for row in await connection.fetch(query)] for query in (SHAPE, INDEXES, RULES)]


@pytest.mark.parametrize("since", HOUSES)
async def test_a_house_that_is_lived_in_moves_along(empty, databases, since):
    for step in steps.migrations():
        if step.number > since:
            before = await _rows(empty)
            async with empty.transaction():
                await empty.execute(step.sql)
            after = await _rows(empty)
            kept = {name: count for name, count in before.items() if name in after}
            assert {name: after[name] for name in kept} == kept, step.name
        else:
            async with empty.transaction():
                await empty.execute(step.sql)
            if step.number == since:
                await _move_in(empty, HOUSES[since])
    fresh = await asyncpg.connect(await databases.fresh())
    assert await _shape(empty) == await _shape(fresh)
    await fresh.close()


async def test_the_house_of_the_first_version_has_something_in_every_table(empty):
    await empty.execute(steps.migrations()[0].sql)
    await _move_in(empty, HOUSES[1])
    assert [name for name, count in (await _rows(empty)).items() if count == 0] == []


CONTENT = """SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM "{}" AS t"""


async def _contents(connection: asyncpg.Connection) -> dict[str, str]:
    """A checksum of what stands in each table."""
    names = [row["relname"] for row in await connection.fetch(TABLES)]
    return {name: await connection.fetchval(CONTENT.format(name)) for name in names}


async def _first_version(connection: asyncpg.Connection) -> None:
    """A lived-in house that only the first step has seen."""
    first = steps.migrations()[0]
    await connection.execute(steps._CREATE_LEDGER)
    await steps._apply(connection, first)
    await _move_in(connection, HOUSES[1])


def _dsn(services: tuple[Postgres, object]) -> str:
    return services[0].dsn("migrated_with_data")


KILLED = "; SELECT pg_terminate_backend(pg_backend_pid())"


async def test_rel_35_killed_in_the_middle_of_each_step_it_goes_on_where_it_was(
    empty, services, databases, monkeypatch
):
    """The connection dies after a step did its work and before it was noted: nothing of that step stays."""
    await _first_version(empty)
    true = steps.migrations()
    for step in true[1:]:
        before, shape = await _contents(empty), await _shape(empty)
        broken = [
            msgspec.structs.replace(one, sql=one.sql + KILLED) if one is step else one
            for one in true
            if one.number <= step.number
        ]
        monkeypatch.setattr(steps, "migrations", lambda broken=broken: broken)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await steps.migrate(_dsn(services))
        assert (await _contents(empty), await _shape(empty)) == (before, shape), step.name
        monkeypatch.setattr(
            steps, "migrations", lambda step=step: [s for s in true if s.number <= step.number]
        )
        assert await steps.migrate(_dsn(services)) == [step.name]
    monkeypatch.undo()
    assert await steps.migrate(_dsn(services)) == []
    fresh = await asyncpg.connect(await databases.fresh())
    assert await _shape(empty) == await _shape(fresh)
    await fresh.close()


async def test_rel_35_two_that_begin_at_once_do_each_step_once(empty, services):
    await _first_version(empty)
    done = await asyncio.gather(*(steps.migrate(_dsn(services)) for _ in range(3)))
    assert sorted(done, key=len) == [[], [], [step.name for step in steps.migrations()[1:]]]


async def test_rel_35_an_older_program_touches_nothing_of_a_newer_house(empty, services, monkeypatch):
    await steps.migrate(_dsn(services))
    before = await _contents(empty)
    older = steps.migrations()[:-1]
    monkeypatch.setattr(steps, "migrations", lambda: older)
    with pytest.raises(steps.MigrationError, match="newer version"):
        await steps.migrate(_dsn(services))
    assert await _contents(empty) == before
