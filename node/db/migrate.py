"""Bring a database to this version's schema: numbered SQL files, forward only.

Each file runs once, in its own transaction, under one advisory lock; its SHA-256 is kept, and an
applied file that was edited afterwards refuses to start. A file whose first line is
`-- no-transaction` runs without one (for CREATE INDEX CONCURRENTLY).
"""

import hashlib
from importlib.resources import files

import asyncpg
import msgspec

_LOCK = 0x411_3E9DE  # any fixed number, the same for every version

_CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number      integer PRIMARY KEY,
    name        text NOT NULL,
    sha256      text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
)"""


class Migration(msgspec.Struct, frozen=True):
    """One step: its number, file name, SQL and the checksum of that SQL."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Checksum of the SQL, hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationError(Exception):
    """The database and this version do not fit together; the message says why and what to do."""


def migrations() -> list[Migration]:
    """Every step this version knows, in order."""
    found = []
    for entry in files("node.db").joinpath("migrations").iterdir():
        if entry.name.endswith(".sql"):
            found.append(Migration(int(entry.name[:4]), entry.name, entry.read_text("utf-8")))
    return sorted(found, key=lambda step: step.number)


async def migrate(dsn: str) -> list[str]:
    """Apply what is missing and return the names applied.

    Raises: MigrationError for an edited step, or a database made by a newer version.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(_CREATE_LEDGER)
        missing = await pending(connection)
        for step in missing:
            await _apply(connection, step)
        return [step.name for step in missing]
    finally:
        await connection.close()


async def pending(connection: asyncpg.Connection) -> list[Migration]:
    """The steps this database lacks. Raises: MigrationError, as `migrate`."""
    known = migrations()
    rows = await connection.fetch("SELECT number, name, sha256 FROM schema_migrations ORDER BY number")
    by_number = {step.number: step for step in known}
    for row in rows:
        step = by_number.get(row["number"])
        if step is None:
            raise MigrationError(
                f"The database was made by a newer version (it has {row['name']}). Start that version, "
                "or restore a backup from before the upgrade."
            )
        if step.sha256 != row["sha256"]:
            raise MigrationError(
                f"{row['name']} was changed after it had been applied here. Put the original file back."
            )
    applied = {row["number"] for row in rows}
    return [step for step in known if step.number not in applied]


async def _apply(connection: asyncpg.Connection, step: Migration) -> None:
    record = "INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3)"
    if step.sql.startswith("-- no-transaction"):
        await connection.execute(step.sql)
        await connection.execute(record, step.number, step.name, step.sha256)
        return
    async with connection.transaction():
        await connection.execute(step.sql)
        await connection.execute(record, step.number, step.name, step.sha256)
