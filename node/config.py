"""What an admin decides before the node starts: one frozen tree, the same for every process.

Owns the names, defaults, ranges and descriptions of all settings; `docs/configure.md` is made from them.
It never reads files (that is `node.configfile`) and holds nothing that moderators change while the node
runs (that lives in the database). Paths are absolute once a `Config` exists.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from node.media_config import MediaConfig
from node.retention_config import RetentionConfig

DEFAULT_ORIGIN = "http://localhost:8080"


class ConfigError(Exception):
    """The settings cannot be used; `str()` says where and how to mend it, for the person at the terminal."""

    code = "config"


class NodeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who this node is."""

    origin: Annotated[
        str,
        Meta(
            description="The address of this node as browsers and other nodes see it, without a path: "
            "`https://example.org`. It is part of every address ever handed out and cannot be changed later."
        ),
    ] = DEFAULT_ORIGIN
    name: Annotated[
        str, Meta(description="The name of the house at its first start; later it is changed in the pages.")
    ] = "Allmende"
    handle_host: Annotated[
        str,
        Meta(
            description="The part after the @ in people's addresses, when it differs from the host of `origin` "
            "(that host must forward `/.well-known/webfinger` here). Empty: the host of `origin`."
        ),
    ] = ""
    languages: Annotated[
        tuple[str, ...],
        Meta(description="Languages offered, the first one for visitors without a preference."),
    ] = ("en", "de")
    lab: Annotated[
        bool,
        Meta(
            description="For trying out and for tests on one machine: permits plain http and peers on loopback "
            "addresses. Refuses to start with a public origin."
        ),
    ] = False


class WebConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The processes that answer browsers, programs and other nodes."""

    listen: Annotated[
        str,
        Meta(description="Where to listen: `address:port`, `[address]:port`, or `unix:/path/to/socket`."),
    ] = "127.0.0.1:8080"
    processes: Annotated[
        int, Meta(ge=1, le=64, description="How many web processes share the address; one per core at most.")
    ] = 1
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: "
            "your nginx or Caddy."
        ),
    ] = ("127.0.0.1", "::1")
    max_body_bytes: Annotated[
        int, Meta(ge=65_536, le=16_777_216, description="Largest request body, uploads excepted (bytes).")
    ] = 1_048_576
    request_timeout_s: Annotated[
        float, Meta(ge=1, le=300, description="Longest time for one request, uploads excepted (seconds).")
    ] = 30.0
    rate_limits: Annotated[
        bool, Meta(description="Slow down who asks too often. Only load tests turn this off.")
    ] = True


class WorkerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The processes that handle what arrived, deliver what was written, and tidy up."""

    processes: Annotated[int, Meta(ge=1, le=64, description="How many worker processes.")] = 1
    with_web: Annotated[
        bool,
        Meta(description="Run web and worker in one process, to save memory on a small machine."),
    ] = False
    poll_delay_s: Annotated[
        float, Meta(ge=0.01, le=5, description="How often a worker looks for wake-ups (seconds).")
    ] = 0.05
    sweep_s: Annotated[
        float,
        Meta(ge=1, le=600, description="How often work whose wake-up was lost is looked for (seconds)."),
    ] = 30.0
    max_jobs: Annotated[int, Meta(ge=1, le=1000, description="Jobs one worker runs side by side.")] = 32
    job_timeout_s: Annotated[int, Meta(ge=5, le=300, description="Longest time for one job (seconds).")] = 30


class DatabaseConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """PostgreSQL."""

    url: Annotated[
        str,
        Meta(
            description="`postgresql://user:password@host/name` of a server of your own (15 or later). "
            "Empty: Allmende runs its own inside the data directory."
        ),
    ] = ""
    url_file: Annotated[str, Meta(description="A file that holds `url`, so that it need not stand here.")] = (
        ""
    )
    name: Annotated[
        str,
        Meta(pattern="^[a-z_][a-z0-9_]{0,62}$", description="Name of the database in the built-in server."),
    ] = "allmende"
    pool_size: Annotated[
        int, Meta(ge=2, le=200, description="Connections one process keeps open at most.")
    ] = 10


class ValkeyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Valkey (or Redis), for wake-ups and short-lived counters."""

    url: Annotated[
        str,
        Meta(
            description="`redis://:password@host:6379/0` of a server of your own. "
            "Empty: Allmende runs its own inside the data directory."
        ),
    ] = ""
    url_file: Annotated[str, Meta(description="A file that holds `url`, so that it need not stand here.")] = (
        ""
    )
    database: Annotated[
        int, Meta(ge=0, le=63, description="Number of the logical database in the built-in server.")
    ] = 0


class MailConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """E-mail to members."""

    smtp_url: Annotated[
        str,
        Meta(
            description="`smtp://user@host:587` (STARTTLS) or `smtps://user@host:465`. "
            "Empty: mails are written to `mail/` in the data directory and not sent."
        ),
    ] = ""
    password_file: Annotated[str, Meta(description="A file that holds the password for `smtp_url`.")] = ""
    sender: Annotated[
        str, Meta(description="The From address. Empty: `noreply@` and the host of `origin`.")
    ] = ""


class FederationConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Dealings with other nodes."""

    inbox_retention_days: Annotated[
        int, Meta(ge=1, le=3650, description="How long arrived activities are kept as received (days).")
    ] = 30
    fetch_max_bytes: Annotated[
        int, Meta(ge=65_536, le=16_777_216, description="Largest document fetched from another node (bytes).")
    ] = 1_048_576
    fetch_timeout_s: Annotated[
        float, Meta(ge=1, le=60, description="Longest time for one fetch or delivery (seconds).")
    ] = 10.0
    fetches_per_activity: Annotated[
        int, Meta(ge=1, le=100, description="Documents that may be fetched to understand one activity.")
    ] = 20
    connections_per_host: Annotated[
        int, Meta(ge=1, le=32, description="Connections to one other node at the same time.")
    ] = 4
    arrivals_per_minute: Annotated[
        int,
        Meta(
            ge=60,
            le=1_000_000,
            description="How much one other node may send in a minute, to each web process; more is answered "
            "with 429. Not counted where `[web] rate_limits` is off.",
        ),
    ] = 6000
    lab_peers: Annotated[
        tuple[str, ...],
        Meta(
            description="With `lab`: the only loopback peers to talk to, as `address:port`. "
            "Empty: every loopback address and port."
        ),
    ] = ()


class SecretsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key under which private keys and cookies are sealed."""

    key_file: Annotated[
        str,
        Meta(
            description="A file with 32 random bytes, made at the first start. Whoever loses it loses all "
            "accounts' signing keys; it is part of `allmende backup`. Empty: `secrets/node.key` in the data "
            "directory."
        ),
    ] = ""


class LogConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written to the terminal or journal."""

    level: Annotated[
        str,
        Meta(pattern="^(debug|info|warning|error)$", description="`debug`, `info`, `warning` or `error`."),
    ] = "info"
    format: Annotated[
        str, Meta(pattern="^(text|json)$", description="`text` for people, `json` for log collectors.")
    ] = "text"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """All settings. `data_dir` comes from the command line, the rest from file and environment."""

    data_dir: Path
    file: Path | None = None
    node: NodeConfig = NodeConfig()
    web: WebConfig = WebConfig()
    worker: WorkerConfig = WorkerConfig()
    database: DatabaseConfig = DatabaseConfig()
    valkey: ValkeyConfig = ValkeyConfig()
    media: MediaConfig = MediaConfig()
    mail: MailConfig = MailConfig()
    federation: FederationConfig = FederationConfig()
    retention: RetentionConfig = RetentionConfig()
    secrets: SecretsConfig = SecretsConfig()
    log: LogConfig = LogConfig()

    @classmethod
    def for_data_dir(cls, data_dir: Path, *, origin: str = DEFAULT_ORIGIN, name: str = "Allmende") -> Self:
        """A lab node with defaults, for tests and trials."""
        node = NodeConfig(origin=origin, name=name, lab=True)
        return cls(data_dir=data_dir.absolute(), node=node)

    @property
    def host(self) -> str:
        """Host of the origin, lower case, with a port that is not the scheme's own."""
        return urlsplit(self.node.origin).netloc.lower()

    @property
    def handle_host(self) -> str:
        """The part after the @ in addresses of our people."""
        return self.node.handle_host or self.host

    @property
    def media_dir(self) -> Path:
        """Folder of uploaded files."""
        return self._under("media", self.media.path)

    @property
    def mail_dir(self) -> Path:
        """Folder of mails that are not sent."""
        return self.data_dir / "mail"

    @property
    def key_file(self) -> Path:
        """File of the 32 random bytes everything else is sealed with."""
        return self._under("secrets/node.key", self.secrets.key_file)

    @property
    def sender(self) -> str:
        """From address of our mails."""
        return self.mail.sender or f"noreply@{urlsplit(self.node.origin).hostname}"

    @property
    def embeds_database(self) -> bool:
        """Whether PostgreSQL is ours to run."""
        return not (self.database.url or self.database.url_file)

    @property
    def embeds_valkey(self) -> bool:
        """Whether Valkey is ours to run."""
        return not (self.valkey.url or self.valkey.url_file)

    def _under(self, usual: str, wanted: str) -> Path:
        return self.data_dir / (wanted or usual)


SECTIONS: tuple[str, ...] = (
    "node", "web", "worker", "database", "valkey", "media", "mail", "federation", "retention", "secrets", "log",
)  # fmt: skip


class Address(msgspec.Struct, frozen=True):
    """Where to listen: a TCP address, or a unix socket when `path` is set."""

    host: str = ""
    port: int = 0
    path: str = ""


def parse_listen(text: str) -> Address:
    """Read `[web] listen`. Raises: ConfigError."""
    if text.startswith("unix:"):
        return Address(path=text.removeprefix("unix:"))
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536 or not host:
        raise ConfigError(
            f"[web] listen is {text!r}; write it like 127.0.0.1:8080 or unix:/run/allmende/web.sock."
        )
    return Address(host=host, port=int(port))


def is_loopback_origin(origin: str) -> bool:
    """Whether the origin can only be reached from this machine."""
    host = (urlsplit(origin).hostname or "").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(config: Config) -> None:
    """What no single field can see. Raises: ConfigError with the sentence to print."""
    origin = config.node.origin
    _check_origin(origin)
    if config.node.lab and not is_loopback_origin(origin):
        raise ConfigError(
            f"lab permits plain http and loopback peers and must never meet the public net, but [node] origin is "
            f"{origin}. Remove lab, or use an origin such as http://localhost:8080."
        )
    if not config.node.lab and not origin.startswith("https://"):
        raise ConfigError(
            f"[node] origin is {origin}, but other nodes only trust https. Put a web server with a certificate in "
            "front (docs/run.md) and use its https address, or set lab for a trial on this machine."
        )
    if parse_listen(config.web.listen).path and config.web.processes > 1:
        raise ConfigError(
            "[web] listen is a unix socket, which only one web process can have; set processes = 1."
        )
    for network in config.web.trusted_proxies:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise ConfigError(f"[web] trusted_proxies: {network!r} is not an address or network.") from None
    if not config.node.languages:
        raise ConfigError("[node] languages is empty; name at least one, such as en.")
    if config.media.storage == "s3" and not (
        config.media.s3_endpoint and config.media.s3_access_key and config.media.s3_secret_key_file
    ):
        raise ConfigError(
            "[media] storage is s3, which needs s3_endpoint, s3_access_key and s3_secret_key_file."
        )
    for section, settings in (("database", config.database), ("valkey", config.valkey)):
        if settings.url and settings.url_file:
            raise ConfigError(f"[{section}] has both url and url_file; keep one of them.")


def _check_origin(origin: str) -> None:
    mend = "Write scheme and host only, like https://example.org."
    try:
        parts = urlsplit(origin)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise ConfigError(f"[node] origin is {origin!r}, which is no address. {mend}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise ConfigError(f"[node] origin is {origin!r}, which is no address. {mend}")
    if parts.path or parts.query or parts.fragment or parts.username or parts.password:
        raise ConfigError(f"[node] origin is {origin!r}, with more than scheme and host. {mend}")
    if origin != origin.lower() or not origin.isascii():
        raise ConfigError(
            f"[node] origin is {origin!r}; write it in lower case, and international names in their xn-- form."
        )
