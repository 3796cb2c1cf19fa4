"""`allmende backup` and `allmende restore`: a whole node in one file, and back.

Owns the format of that file (a tar: `manifest.json`, `database.dump`, `allmende.toml`, `node.key`, `media/…`).
Valkey is left out: it holds nothing that PostgreSQL cannot wake again. A file is unpacked member by member and
never trusted to name a place outside the data directory.
"""

from __future__ import annotations

import asyncio
import io
import os
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import asyncpg
import click
import msgspec

from node import __version__, configfile
from node.cli import options, store
from node.config import Config, ConfigError
from node.db.migrate import migrate, migrations
from node.services import database_url, place, running
from node.services.postgres import binary, libpq_environment, run_tool

FORMAT = 1


class Manifest(msgspec.Struct, frozen=True):
    """The first member of a backup: what it is and what can read it."""

    format: int
    version: str
    postgresql: str
    schema_step: int
    origin: str
    made_at: datetime


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@options.node_options
def backup(config: Config, file: Path) -> None:
    """Write database, pictures, settings and keys into FILE. The node may be running.

    FILE lets whoever has it be your node: keep it as safe as the node itself.
    """
    if file.exists():
        raise click.UsageError(f"{file} exists; choose another name.")
    manifest = asyncio.run(_backup(config, file))
    size = file.stat().st_size / 1_000_000
    click.echo(f"{manifest.origin} is in {file} ({size:.1f} MB).")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@options.data_dir_options
def restore(file: Path, data_dir: Path, config_file: Path | None) -> None:
    """Read a backup into an empty data directory; then start it with `allmende up`."""
    data_dir = data_dir.absolute()
    if data_dir.exists() and any(data_dir.iterdir()):
        raise click.UsageError(f"{data_dir} is not empty. Restore into a fresh --data-dir.")
    manifest = asyncio.run(_restore(file, data_dir, config_file))
    click.echo(f"{manifest.origin} of {manifest.made_at:%Y-%m-%d %H:%M} UTC is in {data_dir}.")
    click.echo(f"Start it:  allmende up --data-dir {data_dir}")


async def _backup(config: Config, file: Path) -> Manifest:
    async with running(config):
        dsn = database_url(config)
        connection = await asyncpg.connect(dsn)
        try:
            manifest = Manifest(
                format=FORMAT,
                version=__version__,
                postgresql=await store.get_server_version(connection),
                schema_step=await store.find_schema_step(connection),
                origin=config.node.origin,
                made_at=datetime.now(UTC),
            )
        finally:
            await connection.close()
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".allmende-") as folder:
            dump = Path(folder) / "database.dump"
            arguments = [
                str(binary("pg_dump")),
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--file={dump}",
            ]
            _must(await asyncio.to_thread(run_tool, arguments, dsn), "The database could not be written out")
            draft = Path(folder) / "draft.tar"
            _pack(config, manifest, dump, draft)
            os.link(draft, file)  # never over a file that appeared meanwhile
    return manifest


def _pack(config: Config, manifest: Manifest, dump: Path, draft: Path) -> None:
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w") as tar:
            text = msgspec.json.format(msgspec.json.encode(manifest))
            info = tarfile.TarInfo("manifest.json")
            info.size, info.mode, info.mtime = len(text), 0o600, int(manifest.made_at.timestamp())
            tar.addfile(info, io.BytesIO(text))
            tar.add(dump, "database.dump")
            if config.file is not None:
                tar.add(config.file, "allmende.toml")
            if config.key_file.exists():
                tar.add(config.key_file, "node.key")
            # After the dump: a picture the dump names is there, unless it was deleted in between.
            for path in sorted(config.media_dir.rglob("*")) if config.media_dir.is_dir() else []:
                if path.is_file() and not path.is_symlink():
                    tar.add(path, f"media/{path.relative_to(config.media_dir).as_posix()}")
        raw.flush()
        os.fsync(raw.fileno())


async def _restore(file: Path, data_dir: Path, config_file: Path | None) -> Manifest:
    try:
        with tarfile.open(file, "r:") as tar:
            manifest = _read_manifest(tar)
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            config = _unpack_settings(tar, data_dir, config_file)
            dump = place.run_dir(data_dir) / "database.dump"
            _unpack(tar, data_dir, config, dump)
    except tarfile.TarError as error:
        raise ConfigError(f"{file} is not a backup, or it is damaged ({error}).") from None
    try:
        async with running(config):
            await _fill_database(config, dump)
    finally:
        dump.unlink(missing_ok=True)
    return manifest


def _read_manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    source = tar.extractfile(first) if first is not None and first.name == "manifest.json" else None
    if source is None:
        raise ConfigError(f"{tar.name!s} is not a backup made by Allmende.")
    try:
        manifest = msgspec.json.decode(source.read(65_536), type=Manifest)
    except msgspec.MsgspecError:
        raise ConfigError(f"{tar.name!s} is not a backup made by Allmende.") from None
    newest = max(step.number for step in migrations())
    if manifest.format > FORMAT or manifest.schema_step > newest:
        raise ConfigError(
            f"The backup was made by Allmende {manifest.version}, this is {__version__}. Restore it with that "
            "version or a newer one."
        )
    return manifest


def _unpack_settings(tar: tarfile.TarFile, data_dir: Path, config_file: Path | None) -> Config:
    if config_file is None and "allmende.toml" in tar.getnames():
        _write(tar, tar.getmember("allmende.toml"), data_dir / configfile.FILE_NAME)
    return options.existing(data_dir, config_file)


def _unpack(tar: tarfile.TarFile, data_dir: Path, config: Config, dump: Path) -> None:
    for member in tar.getmembers():
        path = PurePosixPath(member.name)
        if member.name == "database.dump":
            _write(tar, member, dump)
        elif member.name == "node.key":
            _write(tar, member, config.key_file)
        elif (
            path.parts[:1] == ("media",) and len(path.parts) > 1 and ".." not in path.parts and member.isreg()
        ):
            _write(tar, member, config.media_dir.joinpath(*path.parts[1:]))
        elif member.name not in ("manifest.json", "allmende.toml"):
            raise ConfigError(
                f"The backup holds {member.name!r}, which no backup of ours does; nothing was started."
            )
    if not dump.exists():
        raise ConfigError("The backup holds no database; it is damaged.")


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = tar.extractfile(member)
    if source is None:
        raise ConfigError(f"The backup's {member.name} is not a file; it is damaged.")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while piece := source.read(1_048_576):
            file.write(piece)


async def _fill_database(config: Config, dump: Path) -> None:
    dsn = database_url(config)
    connection = await asyncpg.connect(dsn)
    try:
        if await store.count_tables(connection):
            raise ConfigError(
                "The database is not empty; give [database] url a new one, or make an empty database."
            )
    finally:
        await connection.close()
    arguments = [
        str(binary("pg_restore")), "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
        f"--dbname={libpq_environment(dsn)['PGDATABASE']}", str(dump),
    ]  # fmt: skip
    _must(await asyncio.to_thread(run_tool, arguments, dsn), "The database could not be read back")
    await migrate(dsn)


def _must(done: object, what: str) -> None:
    returncode, stderr = getattr(done, "returncode", 1), getattr(done, "stderr", "")
    if returncode != 0:
        raise ConfigError(f"{what}: {stderr.strip()[-600:]}")
