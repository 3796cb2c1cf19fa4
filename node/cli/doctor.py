"""`allmende doctor`: run every check and print what to do. Changes nothing that stays."""

from __future__ import annotations

import asyncio
import sys

import click
import msgspec

from node.cli import checks, options
from node.config import Config

_SIGNS = {"good": ("ok    ", "green"), "look": ("look  ", "yellow"), "broken": ("BROKEN", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@options.node_options
def doctor(config: Config, as_json: bool) -> None:
    """Check what typically breaks: name and certificate, clock, disk, database, queues, mail, bucket.

    Ends with status 1 when something is broken.
    """
    findings = asyncio.run(examine(config))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(findings), indent=2).decode())
    else:
        for finding in findings:
            sign, colour = _SIGNS[finding.state]
            click.echo(f"{click.style(sign, fg=colour)}  {finding.what}")
            if finding.mend:
                click.echo(f"        {finding.mend}")
    sys.exit(1 if any(finding.state == "broken" for finding in findings) else 0)


async def examine(config: Config) -> list[checks.Finding]:
    """All findings, in the order of the list below."""
    found = [*checks.check_disk(config), *checks.check_processes(config)]
    for group in await asyncio.gather(
        checks.check_database(config),
        checks.check_valkey(config),
        checks.check_origin(config),
        checks.check_clock(config),
        checks.check_mail(config),
        checks.check_bucket(config),
    ):
        found += group
    return found
