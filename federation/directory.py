"""The one port the host application gives to `federation`.

`Directory` is what the protocol must know and cannot: cached keys, refused hosts, known
actors, and how lately a key was fetched. Implementations may read a database; they are never
called inside a request of ours. Used by `inbox`, `fetch` and `signatures`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from federation.keys import PublicKey


class Directory(Protocol):
    """What the host application remembers for us."""

    async def find_key(self, key_id: str) -> PublicKey | None:
        """A key fetched earlier and not forgotten since."""
        ...

    async def put_key(self, key: PublicKey) -> None:
        """Remembers a key whose owner has been proved to list it; replaces one of the same id."""
        ...

    async def forget_key(self, key_id: str) -> None:
        """Drops a key that its owner no longer lists."""
        ...

    async def is_host_refused(self, host: str) -> bool:
        """Whether nothing may be fetched from or accepted of this canonical host.

        The host may carry a port; blocks are about the bare host and all hosts below it.
        """
        ...

    async def is_actor_known(self, uri: str) -> bool:
        """Whether we have ever stored this actor: a Delete of a stranger needs no work."""
        ...

    async def note_refresh(self, key_id: str, now: datetime) -> bool:
        """Notes that a key is about to be fetched; False when it was so within the interval.

        Must hold for one key id across processes (five minutes), and should also bound how many
        different key ids of one host are tried in that time (REL-23, RES-12).
        """
        ...
