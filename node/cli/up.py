"""`allmende up`: found a node at the first start, then run all of it until Ctrl-C.

Owns the questions of the first start and the settings file written from them. The running itself is
`node.supervisor`'s; the first admin is made by `allmende found` in a process of its own, so that the
supervisor stays small.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import msgspec

from node import configfile, logs
from node.cli import options
from node.config import DEFAULT_ORIGIN, Config, ConfigError, is_loopback_origin
from node.services import place
from node.supervisor import Supervisor


class Founding(msgspec.Struct, frozen=True):
    """The first admin. `password_file` or `password`, never both."""

    admin: str = ""
    email: str = ""
    password_file: Path | None = None
    password: str = ""


@click.command()
@options.data_dir_options
@click.option("--listen", help="Address and port to listen on, such as 127.0.0.1:8080.")
@click.option(
    "--origin", help="The node's public address, such as https://example.org. Fixed at the first start."
)
@click.option("--name", help="The name of the house.")
@click.option("--admin", help="User name of the first admin.")
@click.option("--admin-email", help="The first admin's e-mail address.")
@click.option(
    "--admin-password-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File that holds the first admin's password.",
)
@click.option(
    "--lab", is_flag=True, help="A trial on this machine: plain http, loopback peers. Never in public."
)
def up(data_dir: Path, config_file: Path | None, admin: str | None, admin_email: str | None,
       admin_password_file: Path | None, **given: str | bool | None) -> None:  # fmt: skip
    """Run a node: database, web and workers, all from one folder.

    The first start asks for a name and the first admin; with --origin (or --lab), --admin, --admin-email and
    --admin-password-file it asks nothing. Ctrl-C stops everything in order. The folder keeps all there
    is: start again and the node goes on where it was.
    """
    variables = _variables(given)
    founding = Founding(admin or "", admin_email or "", admin_password_file)
    if admin and not (admin_email and admin_password_file):
        raise click.UsageError("--admin also needs --admin-email and --admin-password-file.")
    data_dir = data_dir.absolute()
    path = config_file or data_dir / configfile.FILE_NAME
    is_first = not path.exists()
    if is_first:
        config, founding = _first(data_dir, variables, founding)
    else:
        config = _again(data_dir, config_file, variables)
    logs.configure(config, "up")
    asyncio.run(_run(config, variables, founding, is_first=is_first))


def _variables(given: dict[str, str | bool | None]) -> dict[str, str]:
    """Flags as the environment variables that mean the same, for us and for the processes we start."""
    sections = {"listen": "WEB", "origin": "NODE", "name": "NODE", "lab": "NODE"}
    return {
        f"{configfile.ENV_PREFIX}{sections[name]}__{name.upper()}": str(value).lower()
        if value is True
        else str(value)
        for name, value in given.items()
        if value
    }


def _again(data_dir: Path, config_file: Path | None, variables: dict[str, str]) -> Config:
    config = configfile.load(data_dir, config_file, {**os.environ, **variables})
    kept = configfile.written_origin(config_file or data_dir / configfile.FILE_NAME)
    if kept and config.node.origin != kept:
        raise ConfigError(
            f"This node was founded as {kept}, and other nodes know it by that address; it cannot become "
            f"{config.node.origin}. For another node use another --data-dir."
        )
    return config


def _first(data_dir: Path, variables: dict[str, str], founding: Founding) -> tuple[Config, Founding]:
    asks_nothing = any(f"{configfile.ENV_PREFIX}NODE__{name}" in {**os.environ, **variables}
                       for name in ("ORIGIN", "LAB"))  # fmt: skip
    if not asks_nothing:
        if not sys.stdin.isatty():
            raise click.UsageError(
                "This is the first start and there is no terminal to ask in. Say at least --origin https://… "
                "(or --lab for a trial), and --admin, --admin-email, --admin-password-file for the first admin."
            )
        founding = _ask(data_dir, variables)
    _settle_lab_address(variables)
    config = configfile.load(data_dir, None, {**os.environ, **variables})
    return config, founding


def _settle_lab_address(variables: dict[str, str]) -> None:
    """In the lab, the origin follows from the address we listen on, unless it was given."""
    origin, listen = "ALLMENDE__NODE__ORIGIN", "ALLMENDE__WEB__LISTEN"
    address = variables.get(listen, os.environ.get(listen, ""))
    if origin not in {**os.environ, **variables} and address:
        variables[origin] = f"http://localhost:{address.rpartition(':')[2]}"


def _ask(data_dir: Path, variables: dict[str, str]) -> Founding:
    """The walk through the first start; answers go into `variables`."""
    click.echo(f"Welcome. There is no node in {data_dir} yet; a few questions, and it is founded.\n")
    name = click.prompt("What is the house called", default="Allmende")
    click.echo(
        "\nUnder which address will people reach it? For a real house that is a domain of yours, such as\n"
        "https://example.org, with nginx or Caddy in front (docs/run.md). It cannot be changed later.\n"
        "For a trial on this machine just press Enter."
    )
    origin = click.prompt("Address", default=DEFAULT_ORIGIN, value_proc=_origin)
    click.echo("\nNow the first admin: the person who looks after the house.")
    admin = click.prompt("User name (a-z, 0-9, _)", value_proc=_username)
    email = click.prompt("E-mail", value_proc=_email)
    password = options.read_password(None, "Password (10 characters or more)")
    click.echo()
    variables["ALLMENDE__NODE__NAME"] = name
    variables["ALLMENDE__NODE__ORIGIN"] = origin
    if is_loopback_origin(origin):
        variables["ALLMENDE__NODE__LAB"] = "true"
        port = re.search(r":(\d+)$", origin)
        variables.setdefault("ALLMENDE__WEB__LISTEN", f"127.0.0.1:{port.group(1) if port else '8080'}")
    return Founding(admin=admin, email=email, password=password)


def _origin(text: str) -> str:
    text = text.strip().rstrip("/")
    text = text if "://" in text else f"https://{text}"
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:\d+)?", text):
        raise click.UsageError("Please write it like https://example.org.")
    return text


def _username(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]{1,30}", text):
        raise click.UsageError("Small letters, digits and _ only, at most 30.")
    return text


def _email(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise click.UsageError("This does not look like an e-mail address.")
    return text


def write_settings(config: Config) -> None:
    """Write what was decided at the founding; everything else keeps its default and need not stand there."""
    lines = [
        "# Settings of this node. Everything that can be set: docs/configure.md.",
        "",
        "[node]",
        "# Other nodes know this one by its origin: it cannot be changed any more.",
        f"origin = {configfile.toml_value(config.node.origin)}",
        f"name = {configfile.toml_value(config.node.name)}",
        *(["lab = true"] if config.node.lab else []),
        "",
        "[web]",
        f"listen = {configfile.toml_value(config.web.listen)}",
        "",
    ]
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.write_private(config.data_dir / configfile.FILE_NAME, "\n".join(lines), None)


async def _run(config: Config, variables: dict[str, str], founding: Founding, *, is_first: bool) -> None:
    supervisor = Supervisor(config, variables=variables)
    supervisor.stop_on_signals()
    async with supervisor.running():
        if supervisor.told.is_set():
            return
        await asyncio.to_thread(_found, config, variables, founding)
        if is_first:
            # Only now: a founding that was interrupted or failed is begun again by the next start, which
            # would otherwise open a house with nobody in it.
            write_settings(config)
        if not supervisor.told.is_set():
            click.echo(f"\n{config.node.name} is open: {config.node.origin}    (Ctrl-C closes it)\n")
        await supervisor.wait()


def _found(config: Config, variables: dict[str, str], founding: Founding) -> None:
    """Name the house and make the admin, once; a second time changes nothing.

    Raises: ConfigError when that did not work; what went wrong was printed by the process.
    """
    done_before = config.data_dir / "run" / "founded"
    if not founding.admin or (done_before.exists() and done_before.read_text("utf-8") == founding.admin):
        return
    argv = [
        sys.executable, "-P", "-m", "node", "found", "--data-dir", str(config.data_dir), "--admin", founding.admin,
        "--admin-email", founding.email, "--admin-password-file", str(founding.password_file or "-"),
    ]  # fmt: skip
    typed = founding.password + "\n" if founding.password else None
    done = subprocess.run(
        argv, input=typed, stdin=None if typed else subprocess.DEVNULL,
        env={**os.environ, **variables}, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ConfigError(
            "The first admin could not be made (the line above says why), so the node was not opened. "
            "Start again with other answers."
        )
    done_before.write_text(founding.admin, "utf-8")
