"""deploy/Dockerfile by rules of our own (no Docker is needed to see these), and the health check it runs."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
from aiohttp import web

from tests.house.tree import ROOT

TEXT = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
IGNORE = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()


def instructions() -> list[tuple[str, str]]:
    """(INSTRUCTION, rest) with continued lines joined and comments gone."""
    lines = [line for line in TEXT.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (line.split()[0].upper(), re.sub(r"\s+", " ", line.split(maxsplit=1)[1]).strip())
        for line in joined.splitlines()
        if line.strip()
    ]


ALL = instructions()
FINAL = ALL[max(index for index, (name, _) in enumerate(ALL) if name == "FROM") :]


def of(name: str) -> list[str]:
    return [rest for instruction, rest in FINAL if instruction == name]


def test_only_known_instructions_are_used() -> None:
    known = {
        "FROM", "ENV", "RUN", "COPY", "LABEL", "USER", "WORKDIR", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK",
        "ENTRYPOINT", "CMD",
    }  # fmt: skip
    assert {name for name, _ in ALL} <= known


def test_base_images_name_a_version_that_the_project_supports() -> None:
    for name, rest in ALL:
        if name == "FROM":
            version = re.match(r"python:3\.(\d+)-slim-[a-z]+( AS \w+)?$", rest)
            assert version is not None and int(version.group(1)) >= 11, rest


def test_it_runs_as_nobody_special() -> None:
    assert of("USER") == ["10001:10001"]
    last_root_step = max(index for index, (name, _) in enumerate(FINAL) if name in ("RUN", "COPY"))
    assert FINAL.index(("USER", "10001:10001")) > last_root_step


def test_packages_are_exactly_the_locked_ones() -> None:
    (install,) = [rest for name, rest in ALL if name == "RUN" and " install " in rest and "pip" in rest]
    for wanted in ("--require-hashes", "--only-binary=:all:", "--no-deps", "-r /tmp/requirements.lock"):
        assert wanted in install
    assert "--index-url" not in TEXT and "apt-get" not in TEXT


def test_it_says_how_it_is_and_how_it_ends() -> None:
    (check,) = of("HEALTHCHECK")
    assert "/app/deploy/healthcheck.py" in check
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert of("ENTRYPOINT") == ['["python", "-P", "-m", "node"]']
    assert of("VOLUME") == ["/data"]


def test_nothing_secret_is_built_in() -> None:
    for name, rest in ALL:
        if name in ("ENV", "RUN", "LABEL"):
            assert not re.search(r"(?i)password|secret|token|private", rest), rest


def test_only_what_runs_is_copied() -> None:
    sources = {rest.split()[0] for rest in of("COPY") if not rest.startswith("--from")}
    allowed = {line.removeprefix("!") for line in IGNORE if line.startswith("!")}
    assert IGNORE[1] == "*"
    assert sources | {"requirements.lock"} == allowed
    assert all((ROOT / source).exists() for source in sources)
    assert {"node", "federation", "moderation", "templates"} <= sources


async def _check(data_dir: Path) -> int:
    argv = [sys.executable, "-P", str(ROOT / "deploy" / "healthcheck.py")]
    environment = {"PYTHONPATH": str(ROOT), "ALLMENDE_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin"}
    child = await asyncio.create_subprocess_exec(*argv, env=environment, stderr=asyncio.subprocess.DEVNULL)
    return await child.wait()


@pytest.mark.parametrize(("status", "ends_with"), [(200, 0), (503, 1)], ids=["ready", "not ready"])
async def test_the_health_check_asks_the_node_under_its_own_name(
    tmp_path: Path, status: int, ends_with: int
) -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.path, request.headers["Host"]))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/health/ready", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    (tmp_path / "allmende.toml").write_text(
        f'[node]\norigin = "https://house.example"\n[web]\nlisten = "0.0.0.0:{port}"\n'
    )
    assert await _check(tmp_path) == ends_with
    assert asked == [("/health/ready", "house.example")]
    await runner.cleanup()
    assert await _check(tmp_path) == 1
