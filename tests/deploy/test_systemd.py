"""deploy/systemd: units that systemd itself accepts, with commands that exist and little that they may do."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from node.cli.main import COMMANDS
from tests.house.tree import ROOT

FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(path.name for path in FOLDER.iterdir())
SERVICES = [name for name in UNITS if name.endswith(".service")]
LASTING = [name for name in SERVICES if name not in ("allmende-migrate.service", "allmende-backup.service")]


class Unit(configparser.RawConfigParser):
    """A unit file: like an ini file, but names keep their case and may come twice."""

    optionxform = staticmethod(str)  # type: ignore[assignment]


def read(name: str) -> Unit:
    unit = Unit(strict=False, interpolation=None)
    unit.read_string((FOLDER / name).read_text("utf-8"))
    return unit


def test_every_unit_is_there() -> None:
    assert UNITS == [
        "allmende-backup.service", "allmende-backup.timer", "allmende-migrate.service", "allmende-web@.service",
        "allmende-worker@.service", "allmende.service",
    ]  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_a_command_that_exists_on_the_usual_places(name: str) -> None:
    command = read(name)["Service"]["ExecStart"].split()
    if command[0].endswith("backup.sh"):
        assert (ROOT / command[0].removeprefix("/opt/allmende/")).stat().st_mode & 0o111
        command = command[1:]
    else:
        assert command[1] in COMMANDS
        assert command[command.index("--data-dir") + 1] == "/var/lib/allmende"
    assert command[0] == "/opt/allmende/allmende"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_shut_in(name: str) -> None:
    service = read(name)["Service"]
    assert service["User"] == "allmende"
    assert service["CapabilityBoundingSet"] == ""
    for key in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictNamespaces"):
        assert service[key] == "yes", key
    assert service["ProtectSystem"] == "strict"
    assert service["SystemCallFilter"] == "@system-service"
    assert service["UMask"] == "0077"


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_service_comes_back_and_gets_the_time_to_end_well(name: str) -> None:
    unit = read(name)
    assert unit["Service"]["Restart"] in ("always", "on-failure")
    # The supervisor gives web and workers 30 s each before it insists.
    assert int(unit["Service"]["TimeoutStopSec"]) >= (90 if name == "allmende.service" else 15)
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_no_unit_holds_a_secret() -> None:
    for name in UNITS:
        text = (FOLDER / name).read_text("utf-8")
        assert not re.search(r"://[^\s/]*:[^\s/]*@", text)
        assert not re.search(r"(?im)^\w*(password|secret)\w*\s*=", text)


def _with_paths_of_this_clone(folder: Path) -> list[str]:
    """Copies whose programs exist, so that systemd judges the rest."""
    for name in UNITS:
        text = (FOLDER / name).read_text("utf-8").replace("/opt/allmende/", f"{ROOT}/")
        (folder / name).write_text(text)
    instances = []
    for name in UNITS:
        given = name.replace("@.", "@1.")
        if given != name:
            (folder / given).symlink_to(folder / name)
        instances.append(str(folder / given))
    return instances


def test_systemd_accepts_every_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    if " " in str(ROOT):
        pytest.skip("systemd wants the programs of a unit in a folder without spaces")
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    argv = ["systemd-analyze", "verify", "--man=no", *_with_paths_of_this_clone(tmp_path)]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "allmende" in line]
    assert not said
    assert done.returncode == 0, done.stderr
