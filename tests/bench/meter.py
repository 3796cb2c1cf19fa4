"""CPU time and memory of a node's parts, read from /proc (Linux only).

CPU counts a whole tree of processes, the ended ones too, because PostgreSQL gives every
connection a process. Memory is PSS: what is shared is counted once in all.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Usage(msgspec.Struct, frozen=True):
    """CPU seconds since the processes began, and memory now."""

    cpu_s: float
    pss_mib: float


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            found.setdefault(int(fields[1]), []).append(int(entry.name))
    return found


def tree(pid: int) -> list[int]:
    """The process and everything below it."""
    children = _children()
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += children.get(one, [])
    return found


def _cpu_s(pid: int) -> float:
    """Own time and that of ended, waited-for children."""
    fields = _stat(pid)
    return sum(int(field) for field in fields[11:15]) / _TICKS_PER_S if fields else 0.0


def _pss_mib(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def usage(pid: int, *, whole_tree: bool = True) -> Usage:
    """One part of the node: the process `pid`, by default with everything below it."""
    pids = tree(pid) if whole_tree else [pid]
    return Usage(cpu_s=sum(map(_cpu_s, pids)), pss_mib=sum(map(_pss_mib, pids)))


def parts_of(status: Mapping[str, object]) -> dict[str, list[int]]:
    """Pids by part (web, worker, postgres, valkey, supervisor) out of `allmende status --json`."""
    found: dict[str, list[int]] = {"supervisor": [int(str(status["pid"]))]}
    processes = status["processes"]
    assert isinstance(processes, list)
    for process in processes:
        if process["pid"]:
            part = str(process["name"]).rstrip("0123456789-.# ")
            found.setdefault(part, []).append(int(process["pid"]))
    return found


class Meter:
    """Follows the parts of one node."""

    def __init__(self, parts: Mapping[str, list[int]]) -> None:
        self._parts = parts

    def read(self) -> dict[str, Usage]:
        """All parts now; the supervisor alone, not the tree below it."""
        found = {}
        for part, pids in self._parts.items():
            each = [usage(pid, whole_tree=part != "supervisor") for pid in pids]
            found[part] = Usage(sum(one.cpu_s for one in each), sum(one.pss_mib for one in each))
        return found

    @staticmethod
    def cpu_between(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> dict[str, float]:
        """CPU seconds each part took."""
        return {part: after[part].cpu_s - before[part].cpu_s for part in before}
