"""What fails because the database or the disk is away is told from what is a fault of ours."""

from __future__ import annotations

import errno

import asyncpg
import pytest

from node.db.away import is_away


def _inside(source: str) -> asyncpg.InternalServerError:
    """What PostgreSQL calls internal, from one of its own files."""
    error = asyncpg.InternalServerError("could not extend file: File too large")
    error.server_source_filename = source
    return error


AWAY = (
    ConnectionRefusedError(), ConnectionResetError(), TimeoutError(), FileNotFoundError(errno.ENOENT, "socket"),
    OSError(errno.ENOSPC, "full"), OSError(errno.EFBIG, "full"), asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("another operation is in progress"), asyncpg.CrashShutdownError("x"),
    asyncpg.CannotConnectNowError("x"), asyncpg.TooManyConnectionsError("x"), asyncpg.DiskFullError("x"),
    asyncpg.ConnectionDoesNotExistError("x"), _inside("md.c"), _inside("buffile.c"),
)  # fmt: skip
OURS = (
    KeyError("x"), ValueError("x"), asyncpg.UniqueViolationError("x"), asyncpg.UndefinedTableError("x"),
    asyncpg.DataError("x"), FileNotFoundError(errno.ENOENT, "no such file", "/tmp-of-ours"), PermissionError("x"),
    _inside("nbtinsert.c"), asyncpg.InternalServerError("x"),
)  # fmt: skip


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_what_is_away_can_be_asked_again_later(error: Exception) -> None:
    assert is_away(error)


@pytest.mark.parametrize("error", OURS, ids=lambda error: type(error).__name__)
def test_what_is_a_fault_of_ours_stays_one(error: Exception) -> None:
    assert not is_away(error)
