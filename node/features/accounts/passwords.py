"""Password hashing: Argon2id, 19 MiB, two passes, one lane, in a small pool of threads.

It never touches the database. An unknown person costs the same time as a wrong password
(`DUMMY_HASH`), so the answer's time does not tell who has an account. Called by accounts.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from node.errors import N_, NodeError

SHORTEST = 10
LONGEST = 200
_hasher = PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
# Two at a time: 38 MiB at most, and a storm of sign-ins cannot take every core.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
DUMMY_HASH = _hasher.hash("nobody has this password")
# The few that every guessing tool tries first and that are long enough to pass.
_TOO_COMMON = frozenset(
    {"1234567890", "12345678910", "0123456789", "password123", "passwort123", "qwertyuiop", "qwertzuiop"}
)


def check_strength(password: str, *, username: str = "", email: str = "") -> None:
    """Refuse a password that would be guessed first.

    Raises: NodeError `invalid` on field `password`: shorter than 10 or longer than 200
    characters, the same as the person's name or address, or one everybody tries.
    """
    if len(password) < SHORTEST:
        raise NodeError(
            "invalid",
            field="password",
            text=N_("Please choose at least %(count)s characters; a short sentence is fine."),
            values={"count": SHORTEST},
        )
    if len(password) > LONGEST:
        raise NodeError("invalid", field="password", text=N_("This password is longer than we can take."))
    lowered = password.casefold()
    if lowered in _TOO_COMMON or lowered in {username.casefold(), email.casefold()} or len(set(lowered)) < 4:
        raise NodeError(
            "invalid", field="password", text=N_("This one is easy to guess. Please choose another.")
        )


async def hash_password(password: str) -> str:
    """The Argon2id hash to store; about 30 ms in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def matches(stored_hash: str | None, password: str) -> bool:
    """Whether `password` made `stored_hash`; None (nobody there) takes as long and is False."""
    fits = await asyncio.get_running_loop().run_in_executor(
        _threads, _verify, stored_hash or DUMMY_HASH, password
    )
    return fits and stored_hash is not None


def is_outdated(stored_hash: str) -> bool:
    """Whether the hash was made with other costs than today's and should be made again."""
    return _hasher.check_needs_rehash(stored_hash)


def _verify(stored_hash: str, password: str) -> bool:
    if len(password) > LONGEST:
        password = ""  # never matches (see check_strength), and costs no more than others
    try:
        return _hasher.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False
