"""Tells a database or disk that is not there just now from a fault of ours.

What fails for such a reason did not happen at all and works again later, so the asker is told to come back (503).
Called by `node.web.middleware`; owns no connection.
"""

import errno
from typing import Final

import asyncpg

# Connection lost, insufficient resources (disk full, too many connections), shutdown and restart, I/O error.
_CLASSES: Final = ("08", "53", "57P", "58")
# Writing past the room there is, in PostgreSQL's words: "could not extend file".
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# PostgreSQL calls a full disk 53100, but a quota or a limit on files "internal error": then only the part of it that
# was writing tells, whatever language its messages are in.
_WRITES_FILES: Final = ("md.c", "fd.c", "buffile.c")


def is_away(error: BaseException) -> bool:
    """Whether this came from a database or a disk that cannot serve at the moment."""
    if isinstance(error, asyncpg.PostgresError):
        state = str(getattr(error, "sqlstate", "") or "")
        if state == "XX000":
            return getattr(error, "server_source_filename", "") in _WRITES_FILES
        return state.startswith(_CLASSES) or state == "25006"
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # those are values no column takes
    if isinstance(error, TimeoutError | asyncpg.InternalClientError):
        # Longer than anybody waits; or a connection that broke between two messages, in the driver's words.
        return True
    if isinstance(error, FileNotFoundError):
        return error.filename is None  # not a file: the socket of a database that is being started
    if isinstance(error, OSError):
        return isinstance(error, ConnectionError) or error.errno in _NO_ROOM
    return False


def has_no_room(error: OSError) -> bool:
    """Whether the disk was full or the quota used up."""
    return error.errno in _NO_ROOM
