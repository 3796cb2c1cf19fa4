"""`./allmende` from a bare clone: what it installs, what it refuses, and that nothing half-made is believed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from node import bootstrap

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone that needs no packages, in a folder with a space, whose command prints its arguments."""
    home = tmp_path / "a clone"
    (home / "node").mkdir(parents=True)
    shutil.copy(ROOT / "allmende", home / "allmende")
    shutil.copy(ROOT / "node" / "bootstrap.py", home / "node" / "bootstrap.py")
    (home / "node" / "__init__.py").touch()
    (home / "node" / "__main__.py").write_text("import os, sys\nprint(sys.argv[1:], os.getcwd())\n")
    for lock in (bootstrap.RUNTIME_LOCK, bootstrap.DEV_LOCK):
        (home / lock).write_text("# nothing\n")
    return home


def command(clone: Path, *arguments: str, **variables: str) -> list[str]:
    # Whoever runs the tests in the background has its children deaf to Ctrl-C.
    return [
        "env",
        "--default-signal=INT",
        *(f"{k}={v}" for k, v in variables.items()),
        str(clone / "allmende"),
        *arguments,
    ]


def run(argv: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return subprocess.run(argv, cwd=cwd, env=clean, capture_output=True, text=True, check=False, timeout=120)


def test_the_first_start_installs_and_the_second_only_runs(clone: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(clone / "allmende")
    first = run([str(link), "up", "--name", "A B"], tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"['up', '--name', 'A B'] {tmp_path}\n"
    assert "Making a Python environment" in first.stderr
    second = run(command(clone, "up"), tmp_path)
    assert (second.returncode, second.stderr) == (0, "")
    assert "dev" not in json.loads((clone / ".venv" / bootstrap.STAMP).read_text())

    # `dev` adds its packages to the same environment.
    assert "what the tests need" in run(command(clone, "dev", "check"), tmp_path).stderr
    assert run(command(clone, "dev", "check"), tmp_path).stderr == ""


def test_an_environment_is_believed_only_while_it_fits(clone: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    wanted = bootstrap.wanted_stamp(clone, with_dev=False)
    assert not bootstrap.is_fresh(venv, wanted), "an interrupted installation has no stamp"
    bootstrap.write_stamp(venv, wanted)
    assert bootstrap.is_fresh(venv, wanted)
    assert not bootstrap.is_fresh(venv, bootstrap.wanted_stamp(clone, with_dev=True)), "the tests need more"
    assert not bootstrap.is_fresh(venv, {**wanted, "python": "3.99"}), "another Python"
    (clone / bootstrap.RUNTIME_LOCK).write_text("# other packages\n")
    assert not bootstrap.is_fresh(venv, bootstrap.wanted_stamp(clone, with_dev=False)), "other packages"
    (venv / "bin" / "python").unlink()
    assert not bootstrap.is_fresh(venv, wanted), "the system's Python went away"
    (venv / bootstrap.STAMP).write_text("{ torn")
    assert bootstrap.present_stamp(venv) == {}


def test_of_two_starts_at_once_one_installs_and_the_other_waits(clone: Path, tmp_path: Path) -> None:
    both = [
        subprocess.Popen(command(clone, "up"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [start.communicate(timeout=120) for start in both]
    assert [start.returncode for start in both] == [0, 0]
    assert sorted("Making a Python environment" in told for _, told in answers) == [False, True]


def test_an_interrupted_installation_says_that_nothing_is_broken(clone: Path) -> None:
    with subprocess.Popen(
        command(clone, "up"), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as start:
        assert start.stderr is not None
        assert "Making" in start.stderr.readline()
        os.killpg(start.pid, signal.SIGINT)
        told = start.stderr.read()
    assert start.returncode == 130
    assert "Nothing is broken" in told
    assert not (clone / ".venv" / bootstrap.STAMP).exists()


def test_packages_that_do_not_match_their_checksum_are_refused(clone: Path, tmp_path: Path) -> None:
    empty = tmp_path / "packages"
    empty.mkdir()
    wheel = empty / "nothing-1.0-py3-none-any.whl"
    wheel.write_bytes(b"swapped on the way")
    (clone / bootstrap.RUNTIME_LOCK).write_text(f"nothing==1.0 --hash=sha256:{'0' * 64}\n")
    answer = run(command(clone, "up", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(empty)), tmp_path)
    assert answer.returncode == 1
    assert "pip says" in answer.stderr
    assert "run the same command again" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_folder_that_is_no_environment_is_left_alone(clone: Path, tmp_path: Path) -> None:
    precious = tmp_path / "photos"
    precious.mkdir()
    (precious / "one.jpg").touch()
    answer = run(command(clone, "up", ALLMENDE_VENV=str(precious)), tmp_path)
    assert answer.returncode == 1
    assert "left alone" in answer.stderr
    assert (precious / "one.jpg").exists()


def test_a_python_without_venv_is_named_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as caught:
        bootstrap.make_environment(tmp_path / ".venv")
    assert caught.value.code == 1
    assert "apt install python3-venv" in capsys.readouterr().err


def test_a_machine_without_a_fitting_python_is_told_what_to_do(clone: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("dirname", "readlink", "sh"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    old = tools / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    answer = subprocess.run(
        ["/bin/sh", str(clone / "allmende"), "up"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "needs Python 3.11" in answer.stderr
    assert "Python 3.9.2" in answer.stderr


def test_a_place_that_cannot_be_written_to_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(SystemExit), bootstrap.one_at_a_time(blocked / ".venv"):
        pass
    assert "ALLMENDE_VENV" in capsys.readouterr().err


def test_it_needs_the_standard_library_alone() -> None:
    code = "import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p]; import runpy; "
    code += f"runpy.run_path({str(ROOT / 'node' / 'bootstrap.py')!r}, run_name='looked at')"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
