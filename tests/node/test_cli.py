"""The command line as a stranger meets it: help, first start, mistakes, backup and restore."""

import asyncio
import io
import stat
import tarfile
from pathlib import Path

import asyncpg
import click
import msgspec
import pytest
from click.testing import CliRunner, Result

from node import configfile
from node.cli import checks, doctor, options, status, up
from node.cli.main import COMMANDS, HIDDEN, cli
from node.config import Config, ConfigError
from node.db.migrate import migrate
from node.services import database_url, running

FAST = "fsync = off\n"


def run(*arguments: object, **options: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], **options)  # type: ignore[arg-type]


@pytest.fixture
def founded(tmp_path: Path) -> Config:
    """A node's folder with settings, one picture and a database with its tables."""
    home = tmp_path / "a house"
    config = Config.for_data_dir(home, origin="http://localhost:18099", name="Lernwerk")
    up.write_settings(config)
    (home / "postgres.conf").write_text(FAST)
    (home / "media" / "ab").mkdir(parents=True)
    (home / "media" / "ab" / "one.webp").write_bytes(b"a picture")
    (home / "secrets").mkdir(exist_ok=True)
    (home / "secrets" / "node.key").write_bytes(bytes(32))

    async def fill() -> None:
        async with running(config):
            await migrate(database_url(config))
            connection = await asyncpg.connect(database_url(config))
            await connection.execute(
                "INSERT INTO settings (key, value, updated_at) VALUES ('house', '{\"name\": \"Lernwerk\"}', now())"
            )
            await connection.close()

    asyncio.run(fill())
    return configfile.load(home, environment={})


def test_help_names_every_command_in_plain_words() -> None:
    text = run("--help").output
    for name, (_, about) in COMMANDS.items():
        if name in HIDDEN:
            assert f"\n  {name} " not in text
        elif name != "demo":
            assert f"\n  {name} " in text
            assert about.split()[0] in text


@pytest.mark.parametrize(
    "name", ["up", "status", "doctor", "config", "backup", "restore", "web", "worker", "dev"]
)
def test_every_command_explains_itself(name: str) -> None:
    answer = run(name, "--help")
    assert answer.exit_code == 0
    assert len(answer.output.splitlines()) > 4


def test_an_unknown_command_is_a_usage_error() -> None:
    assert run("uq").exit_code == 2


def test_a_node_that_is_not_there_is_not_made_by_accident(tmp_path: Path) -> None:
    answer = run("status", "--data-dir", tmp_path)
    assert isinstance(answer.exception, ConfigError)
    assert "allmende up" in str(answer.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_first_start_without_terminal_and_without_answers_says_what_it_needs(tmp_path: Path) -> None:
    answer = run("up", "--data-dir", tmp_path)
    assert answer.exit_code == 2
    assert "--admin-password-file" in answer.output
    assert list(tmp_path.iterdir()) == []


def test_an_admin_without_password_file_is_refused(tmp_path: Path) -> None:
    answer = run("up", "--data-dir", tmp_path, "--lab", "--admin", "alice")
    assert answer.exit_code == 2
    assert "--admin-password-file" in answer.output


def test_lab_with_a_public_origin_does_not_start(tmp_path: Path) -> None:
    answer = run("up", "--data-dir", tmp_path, "--lab", "--origin", "https://example.org")
    assert isinstance(answer.exception, ConfigError)
    assert "never meet the public net" in str(answer.exception)
    assert list(tmp_path.iterdir()) == []


def test_the_origin_of_a_founded_node_cannot_be_changed(tmp_path: Path) -> None:
    up.write_settings(Config.for_data_dir(tmp_path, origin="http://localhost:18099"))
    answer = run("up", "--data-dir", tmp_path, "--lab", "--origin", "http://localhost:18100")
    assert isinstance(answer.exception, ConfigError)
    assert "founded as http://localhost:18099" in str(answer.exception)


def test_the_questions_of_the_first_start_become_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, str] = {}

    @click.command()
    def ask() -> None:
        founding = up._ask(tmp_path, asked)
        assert (founding.admin, founding.email) == ("alice", "a@example.org")
        assert founding.password == "correct horse battery"

    monkeypatch.setattr(options.sys.stdin.__class__, "isatty", lambda self: True, raising=False)
    monkeypatch.setattr(options, "read_password", lambda file, prompt: "correct horse battery")
    answers = "Lernwerk\nhttp://localhost:18099/x\nhttp://localhost:18099\nAlice!\nalice\na@example.org\n"
    answer = CliRunner().invoke(ask, input=answers, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    assert "Please write it like" in answer.output
    assert "Small letters" in answer.output
    assert asked == {
        "ALLMENDE__NODE__NAME": "Lernwerk",
        "ALLMENDE__NODE__ORIGIN": "http://localhost:18099",
        "ALLMENDE__NODE__LAB": "true",
        "ALLMENDE__WEB__LISTEN": "127.0.0.1:18099",
    }


def test_a_password_comes_from_a_file_or_a_terminal_and_never_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse battery\n")
    assert options.read_password(tmp_path / "password") == "correct horse battery"
    (tmp_path / "empty").write_text("\n")
    for file in ("empty", "missing"):
        with pytest.raises(click.UsageError):
            options.read_password(tmp_path / file)


def test_settings_written_at_the_founding_are_private_and_can_be_read(tmp_path: Path) -> None:
    config = Config.for_data_dir(tmp_path / "x y", origin="http://localhost:1", name='Haus "Süd" \\ Ost')
    up.write_settings(config)
    path = tmp_path / "x y" / "allmende.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert configfile.load(tmp_path / "x y", environment={}).node == config.node


def test_a_whole_node_goes_into_a_backup_and_comes_back(founded: Config, tmp_path: Path) -> None:
    file = tmp_path / "node.tar"
    answer = run("backup", file, "--data-dir", founded.data_dir)
    assert answer.exit_code == 0, answer.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("backup", file, "--data-dir", founded.data_dir).exit_code == 2, (
        "an older backup is never overwritten"
    )

    fresh = tmp_path / "new house"
    answer = run("restore", file, "--data-dir", fresh)
    assert answer.exit_code == 0, answer.output
    restored = configfile.load(fresh, environment={})
    assert restored.node == founded.node
    assert (fresh / "media" / "ab" / "one.webp").read_bytes() == b"a picture"
    assert stat.S_IMODE((fresh / "secrets" / "node.key").stat().st_mode) == 0o600

    async def house() -> str:
        async with running(restored):
            connection = await asyncpg.connect(database_url(restored))
            found: str = await connection.fetchval(
                "SELECT value ->> 'name' FROM settings WHERE key = 'house'"
            )
            await connection.close()
            return found

    assert asyncio.run(house()) == "Lernwerk"
    assert run("restore", file, "--data-dir", fresh).exit_code == 2, "nothing is overwritten"


class BadBackup(msgspec.Struct, frozen=True):
    name: str
    members: dict[str, bytes]
    says: str


def manifest(**changes: object) -> bytes:
    """A manifest that would be accepted, with `changes`."""
    good = {
        "format": 1, "version": "9.9", "postgresql": "18.6", "schema_step": 1, "origin": "http://localhost:1",
        "made_at": "2026-11-23T12:00:00Z",
    }  # fmt: skip
    return msgspec.json.encode({**good, **changes})


SETTINGS = b"[node]\nlab = true\n"
BAD_BACKUPS = [
    BadBackup("no manifest", {"database.dump": b""}, "not a backup made by Allmende"),
    BadBackup("broken manifest", {"manifest.json": b"{}"}, "not a backup made by Allmende"),
    BadBackup("newer format", {"manifest.json": manifest(format=2)}, "made by Allmende 9.9"),
    BadBackup("newer tables", {"manifest.json": manifest(schema_step=9999)}, "made by Allmende 9.9"),
    BadBackup("no database", {"manifest.json": manifest(), "allmende.toml": SETTINGS}, "holds no database"),
    BadBackup(
        "climbs out", {"manifest.json": manifest(), "allmende.toml": SETTINGS, "media/../../x": b""}, "../x"
    ),
    BadBackup(
        "absolute",
        {"manifest.json": manifest(), "allmende.toml": SETTINGS, "/tmp/x": b""},
        "no backup of ours",
    ),
    BadBackup(
        "strange", {"manifest.json": manifest(), "allmende.toml": SETTINGS, "run/x": b""}, "no backup of ours"
    ),
]


@pytest.mark.parametrize("case", BAD_BACKUPS, ids=lambda case: case.name)
def test_a_file_that_is_no_backup_of_ours_is_refused(case: BadBackup, tmp_path: Path) -> None:
    file = tmp_path / "bad.tar"
    with tarfile.open(file, "w") as tar:
        for name, content in case.members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    answer = run("restore", file, "--data-dir", tmp_path / "fresh")
    assert isinstance(answer.exception, ConfigError)
    assert case.says in str(answer.exception)
    assert not (tmp_path / "fresh" / "postgres").exists()
    assert not (tmp_path / "x").exists()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.tar"
    file.write_bytes(b"no tar at all" * 100)
    answer = run("restore", file, "--data-dir", tmp_path / "fresh")
    assert "is not a backup" in str(answer.exception)


def test_status_of_a_node_that_is_down_says_so_and_ends_with_3(founded: Config) -> None:
    answer = run("status", "--data-dir", founded.data_dir, "--json")
    assert answer.exit_code == status.EXIT_NOT_RUNNING
    told = msgspec.json.decode(answer.stdout)
    assert not told["running"]
    assert told["queues"] is None
    plain = run("status", "--data-dir", founded.data_dir)
    assert "is not running" in plain.stdout


def test_status_and_doctor_read_queues_and_versions_while_the_services_run(founded: Config) -> None:
    async def look() -> tuple[dict[str, object], list[checks.Finding]]:
        async with running(founded):
            return await status.collect(founded), await doctor.examine(founded)

    told, findings = asyncio.run(look())
    assert told["queues"] is not None
    assert told["versions"]["postgresql"].startswith("18.")  # type: ignore[index]
    assert "@" not in str(told["addresses"])
    by_state = {finding.what: finding.state for finding in findings}
    assert by_state["PostgreSQL 18.6, tables up to date"] == "good"
    assert by_state["Valkey answers"] == "good"
    assert by_state["the node is not running from here"] == "look"
    assert all(finding.mend for finding in findings if finding.state != "good")
    assert any("does not answer" in what for what, state in by_state.items() if state == "broken")


def test_doctor_finds_an_open_key_a_missing_database_and_a_dead_mail_server(founded: Config) -> None:
    founded.key_file.chmod(0o644)
    mail = msgspec.structs.replace(founded.mail, smtp_url="smtp://user@127.0.0.1:1", password_file="missing")
    config = msgspec.structs.replace(founded, mail=mail)
    findings = asyncio.run(doctor.examine(config))
    broken = {finding.what: finding.mend for finding in findings if finding.state == "broken"}
    assert any(
        "can be read by others" in what and mend.startswith("chmod 600") for what, mend in broken.items()
    )
    assert any("the database does not answer" in what for what in broken)
    assert any("mail server 127.0.0.1:1 cannot be reached" in what for what in broken)


def test_migrate_applies_once_and_says_so(tmp_path: Path) -> None:
    up.write_settings(Config.for_data_dir(tmp_path, origin="http://localhost:18099"))
    (tmp_path / "postgres.conf").write_text(FAST)
    assert "applied 0001" in run("migrate", "--data-dir", tmp_path).output
    assert "applied" not in run("migrate", "--data-dir", tmp_path).output
