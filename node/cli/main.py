"""The command `allmende` itself: which commands there are, and how mistakes are answered.

Modules are loaded only when their command runs, so that `--help` and small commands stay quick. It holds
no logic of its own; every sentence an error prints comes from the part that raised it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys

import click

from node import __version__
from node.config import ConfigError
from node.db.migrate import MigrationError
from node.errors import NodeError
from node.services import ServiceError

# name: (module with a click command of that name, what --help says in one line)
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("node.cli.up", "Run a node: database, web, workers, all from here."),
    "demo": ("node.cli.demo", "Run four nodes that know each other, to look around."),
    "status": ("node.cli.status", "What runs, where, and what waits in the queues."),
    "doctor": ("node.cli.doctor", "Check what typically breaks, and say how to mend it."),
    "account": ("node.cli.account", "Make accounts, change roles, help with passwords."),
    "invite": ("node.cli.invite", "Make an invitation link."),
    "token": ("node.cli.token", "Make an access token for a program."),
    "node": ("node.cli.peers", "Dealings with other nodes."),
    "config": ("node.cli.configuration", "Check and show the settings."),
    "backup": ("node.cli.backup", "Write everything into one file."),
    "restore": ("node.cli.backup", "Read a backup into an empty data directory."),
    "web": ("node.cli.parts", "Run one web process (larger set-ups)."),
    "worker": ("node.cli.parts", "Run one worker process (larger set-ups)."),
    "migrate": ("node.cli.parts", "Bring the database to this version."),
    "found": ("node.cli.founding", ""),
    "dev": ("node.cli.dev", "For people who work on Allmende: check, test, pair ..."),
}
HIDDEN = frozenset({"found"})


class Lazy(click.Group):
    """A group that imports a command's module when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of COMMANDS, which is the order people need them in."""
        return [name for name in COMMANDS if name not in HIDDEN and _exists(COMMANDS[name][0])]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded now."""
        if cmd_name not in COMMANDS or not _exists(COMMANDS[cmd_name][0]):
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


def _exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="allmende")
def cli() -> None:
    """Allmende: a home on the open social web for your association, school, cooperative or family.

    Try it out with `allmende demo`; found your own with `allmende up`.
    """


def main() -> None:
    """Run the command line; errors become one sentence and exit status 1, wrong usage 2."""
    try:
        cli.main(prog_name="allmende", standalone_mode=False)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.Abort:
        click.echo("\nStopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (ConfigError, ServiceError, MigrationError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except NodeError as error:
        where = f"{error.field}: " if error.field else ""
        text = error.text % error.values if error.values else error.text
        click.echo(f"Error: {where}{text}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
