"""OAuth scopes as Mastodon's clients know them, and which one contains which.

Pure. `read`, `write`, `follow`, `push`, `profile` and `admin` may be granted whole or by part
(`read:accounts`). Called by the guard for every request with a token.
"""

from collections.abc import Iterable

_SHARED = ("accounts", "blocks", "bookmarks", "favourites", "filters", "follows", "lists", "mutes")
_READ = (*_SHARED, "notifications", "search", "statuses")
_WRITE = (*_SHARED, "conversations", "media", "notifications", "reports", "statuses")
_BLOCKS = ("domain_blocks", "ip_blocks", "email_domain_blocks", "canonical_email_blocks")
_ADMIN = ("accounts", "reports", "domain_allows", *_BLOCKS)
KNOWN: tuple[str, ...] = (
    "read",
    *(f"read:{part}" for part in _READ),
    "write",
    *(f"write:{part}" for part in _WRITE),
    "follow",
    "push",
    "profile",
    "admin",
    "admin:read",
    *(f"admin:read:{part}" for part in _ADMIN),
    "admin:write",
    *(f"admin:write:{part}" for part in _ADMIN),
)
_KNOWN = frozenset(KNOWN)
_FOLLOW = frozenset(f"{verb}:{part}" for verb in ("read", "write") for part in ("blocks", "follows", "mutes"))


def allows(granted: Iterable[str], needed: str) -> bool:
    """Whether somebody with `granted` may do what asks for `needed`.

    A scope contains its parts, `follow` contains relations, and `profile` is part of `read:accounts`.
    """
    held = frozenset(granted)
    if needed == "profile" and held & {"profile", "read", "read:accounts"}:
        return True
    if needed in _FOLLOW and "follow" in held:
        return True
    parts = needed.split(":")
    return any(":".join(parts[:length]) in held for length in range(1, len(parts) + 1))


def parse(text: str) -> tuple[str, ...] | None:
    """The scopes of a space- (or, as some clients send, comma- or plus-) separated text, each once.

    None when one of them is unknown. An empty text means `read`.
    """
    wanted = tuple(dict.fromkeys(text.replace("+", " ").replace(",", " ").split())) or ("read",)
    return wanted if _KNOWN.issuperset(wanted) else None


def within(asked: Iterable[str], registered: Iterable[str]) -> bool:
    """Whether an app that registered for `registered` may ask for `asked`."""
    held = frozenset(registered)
    return all(allows(held, scope) for scope in asked)
