"""Where the time goes: functions of the web and worker processes, statements of PostgreSQL.

The processes of the node are started with `profiled/` on their module path, whose `sitecustomize` runs
cProfile from start to end. Profiled figures are slower than true ones; read the shares, not the times.
"""

import io
import pstats
from pathlib import Path

import asyncpg

PROFILED = Path(__file__).resolve().parent / "profiled"
VARIABLE = "ALLMENDE_BENCH_PROFILE"
_MOST = 45

_STATEMENTS = """
SELECT calls, round(total_exec_time::numeric, 1) AS total_ms, round(mean_exec_time::numeric, 3) AS mean_ms, rows,
       shared_blks_hit + shared_blks_read AS blocks, regexp_replace(query, '\\s+', ' ', 'g') AS query
FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY total_exec_time DESC LIMIT 30
"""


async def statements(database: asyncpg.Connection) -> str:
    """What PostgreSQL spent its time on since `forget`, dearest first."""
    lines = [f"{'calls':>8} {'total ms':>10} {'mean ms':>8} {'rows':>9} {'blocks':>10}  statement"]
    for row in await database.fetch(_STATEMENTS):
        lines.append(
            f"{row['calls']:>8} {row['total_ms']:>10} {row['mean_ms']:>8} {row['rows']:>9} {row['blocks']:>10}  "
            f"{row['query'][:150]}"
        )
    return "\n".join(lines) + "\n"


async def forget(database: asyncpg.Connection) -> None:
    """Begin to count anew."""
    await database.execute("SELECT pg_stat_statements_reset()")


def functions(dumps: Path) -> dict[str, str]:
    """The dearest functions of each process that left a profile in `dumps`, by its command."""
    found = {}
    for dump in sorted(dumps.glob("*.prof")):
        out = io.StringIO()
        stats = pstats.Stats(str(dump), stream=out)
        stats.strip_dirs().sort_stats("tottime").print_stats(_MOST)
        stats.sort_stats("cumulative").print_stats(_MOST)
        found[dump.stem] = out.getvalue()
    return found
