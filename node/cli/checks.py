"""What `allmende doctor` looks at, one function for each thing that typically breaks.

Every function is handed the settings, changes nothing, and answers with findings: good, worth a look, or
broken, each with what to do about it. Network questions go to our own address and, for the clock, to one
node we exchange with; into a bucket one small file is put, and taken out again.
"""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
import os
import shutil
import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

import asyncpg
import msgspec

from node.cli import store
from node.config import Config
from node.db.migrate import MigrationError, pending
from node.errors import NodeError
from node.features.media.storage import MediaStorage
from node.services import ServiceError, database_url, valkey_url
from node.supervisor import ask_status

State = Literal["good", "look", "broken"]
OLDEST_POSTGRESQL = 15
CLOCK_LIMIT_S = 30
NETWORK_TIMEOUT_S = 10


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's report; `mend` is empty when nothing needs doing."""

    state: State
    what: str
    mend: str = ""


def check_disk(config: Config) -> list[Finding]:
    """Room for data, and that only we can read the key."""
    free = shutil.disk_usage(config.data_dir).free / 1_000_000_000
    what = f"{free:.1f} GB free in {config.data_dir}"
    if free < 0.3:
        found = [Finding("broken", what, "Make room now: PostgreSQL stops when the disk is full.")]
    elif free < 2:
        found = [Finding("look", what, "Make room soon, or lower [media] proxy_cache_bytes.")]
    else:
        found = [Finding("good", what)]
    key = config.key_file
    if key.exists() and key.stat().st_mode & 0o077:
        found.append(Finding("broken", f"{key} can be read by others", f"chmod 600 '{key}'"))
    if not os.access(config.data_dir, os.W_OK):
        found.append(
            Finding("broken", f"{config.data_dir} cannot be written to", "Run this as the node's user.")
        )
    return found


def check_processes(config: Config) -> list[Finding]:
    """Whether the node runs, and runs steadily."""
    status = ask_status(config)
    if status is None:
        return [Finding("look", "the node is not running from here", "Start it with `allmende up`.")]
    down = [process["name"] for process in status["processes"] if process["state"] != "running"]
    if down:
        mend = "The log says why it ends; see the lines before `starting it again`."
        return [Finding("broken", f"down or restarting: {', '.join(down)}", mend)]
    shaky = [
        f"{process['name']} ({process['restarts']})" for process in status["processes"] if process["restarts"]
    ]
    if shaky:
        return [
            Finding(
                "look", f"restarted since the start: {', '.join(shaky)}", "Look into the log for the reason."
            )
        ]
    return [Finding("good", f"{len(status['processes'])} processes run steadily")]


async def check_database(config: Config) -> list[Finding]:
    """PostgreSQL answers, is new enough, has our tables; and what the queues in it look like."""
    try:
        connection = await asyncpg.connect(database_url(config), timeout=NETWORK_TIMEOUT_S)
    except (OSError, ServiceError, TimeoutError, asyncpg.PostgresError) as error:
        mend = (
            "Start the node." if config.embeds_database else "Check [database] url and that server's own log."
        )
        return [Finding("broken", f"the database does not answer ({type(error).__name__})", mend)]
    try:
        return [
            *await _versions(connection),
            *await _queues(connection),
            *await _origin(connection, config),
            *await _indexes(connection),
        ]
    except asyncpg.UndefinedTableError:
        return [Finding("broken", "the database lacks our tables", "Run `allmende migrate`.")]
    finally:
        await connection.close()


async def _versions(connection: asyncpg.Connection) -> list[Finding]:
    version = await store.get_server_version(connection)
    if int(version.split(".")[0]) < OLDEST_POSTGRESQL:
        return [Finding("broken", f"PostgreSQL {version}", f"Upgrade it to {OLDEST_POSTGRESQL} or newer.")]
    try:
        missing = await pending(connection)
    except MigrationError as error:
        return [Finding("broken", "database and program do not fit together", str(error))]
    if missing:
        return [Finding("broken", f"{len(missing)} database steps are missing", "Run `allmende migrate`.")]
    return [Finding("good", f"PostgreSQL {version}, tables up to date")]


async def _queues(connection: asyncpg.Connection) -> list[Finding]:
    queues = await store.get_queues(connection)
    found = []
    mend = "Are workers running, and is there one core for each? See `allmende status`."
    if queues.inbox_oldest_s > 120:
        found.append(Finding("broken", f"what arrived waits since {queues.inbox_oldest_s:.0f} s", mend))
    if queues.deliveries_oldest_s > 300:
        found.append(Finding("broken", f"deliveries are late by {queues.deliveries_oldest_s:.0f} s", mend))
    if queues.inbox_failed:
        what = f"{queues.inbox_failed} arrived activities failed"
        found.append(Finding("look", what, "Look at them under /manage/wire; they can be run again there."))
    if queues.mails_failed:
        found.append(
            Finding("look", f"{queues.mails_failed} mails could not be sent", "Check [mail] in the settings.")
        )
    return found or [
        Finding("good", f"queues flow ({queues.inbox_waiting} in, {queues.deliveries_waiting} out)")
    ]


async def _origin(connection: asyncpg.Connection, config: Config) -> list[Finding]:
    strangers = await store.count_handles_elsewhere(connection, config.handle_host)
    if not strangers:
        return []
    mend = "Put the old [node] origin back: other nodes know these people by their old addresses."
    return [Finding("broken", f"{strangers} accounts were made under another address", mend)]


async def _indexes(connection: asyncpg.Connection) -> list[Finding]:
    """Damage that an operating system's other way of sorting does to indexes, and what it let in."""
    found = []
    if doubled := await store.count_doubled(connection):
        what = f"{doubled} people or posts stand twice: an index is damaged"
        mend = "Stop the node and restore the newest backup that can be: it refuses rows that stand twice."
        found.append(Finding("broken", what, mend))
    if other := await store.find_other_collation(connection):
        what = f"indexes were sorted by {other[0]}, this machine sorts by {other[1]}"
        mend = "Stop the node, then in the database: REINDEX DATABASE; ALTER DATABASE … REFRESH COLLATION VERSION."
        found.append(Finding("broken", what, mend))
    return found


async def check_valkey(config: Config) -> list[Finding]:
    """Valkey answers."""
    from redis.asyncio import Redis  # slow to import
    from redis.exceptions import RedisError

    try:
        client = Redis.from_url(valkey_url(config), socket_connect_timeout=NETWORK_TIMEOUT_S)
        await client.ping()
        await client.aclose()
    except (OSError, ServiceError, RedisError) as error:
        mend = "Start the node." if config.embeds_valkey else "Check [valkey] url and that server's own log."
        return [Finding("broken", f"Valkey does not answer ({type(error).__name__})", mend)]
    return [Finding("good", "Valkey answers")]


async def check_mail(config: Config) -> list[Finding]:
    """The mail server takes our account."""
    if not config.mail.smtp_url:
        what = f"mails are not sent but written to {config.mail_dir}"
        if config.node.lab:
            return [Finding("good", what)]
        return [
            Finding(
                "look", what, "Set [mail] smtp_url, or nobody can confirm an address or reset a password."
            )
        ]
    parts = urlsplit(config.mail.smtp_url)
    port = parts.port or (465 if parts.scheme == "smtps" else 587)
    try:
        link = asyncio.open_connection(parts.hostname, port)
        _, writer = await asyncio.wait_for(link, NETWORK_TIMEOUT_S)
        writer.close()
    except (OSError, TimeoutError) as error:
        mend = "Check [mail] smtp_url; many providers close port 25 and want 587 or 465."
        return [Finding("broken", f"mail server {parts.hostname}:{port} cannot be reached ({error})", mend)]
    password = config.data_dir / config.mail.password_file if config.mail.password_file else None
    if password is not None and not password.is_file():
        return [Finding("broken", f"{password} does not exist", "Write the mail password there, chmod 600.")]
    return [Finding("good", f"mail server {parts.hostname}:{port} can be reached")]


async def check_bucket(config: Config) -> list[Finding]:
    """The bucket takes a file, gives it back, and lets it go; nothing is said of a folder."""
    if config.media.storage != "s3":
        return []
    where, sent = f"bucket {config.media.s3_bucket} at {config.media.s3_endpoint}", os.urandom(64)
    mend = "Check s3_endpoint, s3_bucket and s3_region in [media], and that the key may put, get and delete."
    try:
        files = MediaStorage(config).files
        key = await files.put(sent, "png")
        try:
            came = (await files.fetch(key)).read_bytes()
        finally:
            gone = await files.delete(key)
    except OSError as error:
        return [Finding("broken", f"{where} cannot be used ({error})", "Check [media] s3_secret_key_file.")]
    except NodeError as error:
        return [Finding("broken", f"{where} cannot be used ({error.detail})", mend)]
    if came != sent:
        return [Finding("broken", f"{where} gives back something else than was put there", mend)]
    if not gone:
        return [Finding("broken", f"{where} lets nothing be deleted", mend)]
    return [Finding("good", f"{where} takes, gives and deletes files")]


async def check_origin(config: Config) -> list[Finding]:
    """The world finds us: name, certificate, and that what answers is this node."""
    parts = urlsplit(config.node.origin)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        mend = f"Make a DNS record (A, AAAA) for {host} that points at this machine."
        return [Finding("broken", f"the name {host} is not known to the DNS", mend)]
    addresses = sorted({str(entry[4][0]) for entry in found})
    findings = [Finding("good", f"{host} is {', '.join(addresses)}")]
    private = [
        address for address in addresses if not ipaddress.ip_address(address.partition("%")[0]).is_global
    ]
    if private and not config.node.lab:
        mend = "Others will not connect to private addresses. Fine only if your own resolver alone says so."
        findings = [Finding("look", f"{host} is a private address here: {', '.join(private)}", mend)]
    return [*findings, *await asyncio.to_thread(_ask_ourselves, config, host, port)]


def _ask_ourselves(config: Config, host: str, port: int) -> list[Finding]:
    try:
        status, body, _ = _get(config.node.origin.startswith("https"), host, port, "/.well-known/nodeinfo")
    except ssl.SSLCertVerificationError as error:
        mend = "Renew the certificate in your nginx or Caddy; other nodes refuse us until then."
        return [Finding("broken", f"the certificate of {host} is not valid ({error.verify_message})", mend)]
    except (OSError, http.client.HTTPException) as error:
        mend = "Is the node up, is nginx or Caddy up, does the firewall let 80 and 443 through?"
        return [Finding("broken", f"{config.node.origin} does not answer ({error})", mend)]
    if status != 200 or config.node.origin.encode() not in body:
        mend = "Something else answers under our address; compare [web] listen with the proxy's settings."
        return [
            Finding("broken", f"{config.node.origin} is not answered by this node (status {status})", mend)
        ]
    return [Finding("good", f"{config.node.origin} is answered by this node")]


async def check_clock(config: Config) -> list[Finding]:
    """Our clock against that of a node we exchange with: signatures carry the time."""
    try:
        connection = await asyncpg.connect(database_url(config), timeout=NETWORK_TIMEOUT_S)
    except (OSError, ServiceError, TimeoutError, asyncpg.PostgresError):
        return []
    try:
        peer = await store.find_recent_host(connection)
    except asyncpg.UndefinedTableError:
        peer = None
    finally:
        await connection.close()
    if peer is None or config.node.lab:
        return []
    try:
        _, _, date = await asyncio.to_thread(_get, True, peer, 443, "/.well-known/nodeinfo")
        off = abs(time.time() - parsedate_to_datetime(date).timestamp())
    except (OSError, ValueError, http.client.HTTPException):
        return []
    if off > CLOCK_LIMIT_S:
        mend = "Switch on time synchronisation: sudo timedatectl set-ntp true"
        return [Finding("broken", f"our clock is {off:.0f} s off (compared with {peer})", mend)]
    return [Finding("good", f"our clock agrees with that of {peer}")]


def _get(tls: bool, host: str, port: int, path: str) -> tuple[int, bytes, str]:
    kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
    link = kind(host, port, timeout=NETWORK_TIMEOUT_S)
    try:
        link.request("GET", path, headers={"Accept": "application/json"})
        answer = link.getresponse()
        return answer.status, answer.read(65_536), answer.headers.get("Date", "")
    finally:
        link.close()
