"""Figures as a table for people. The JSON holds more."""

from collections.abc import Iterator
from typing import Any

from tests.bench.stage import Figures

Row = tuple[str, str]


def table(figures: Figures) -> str:
    """One line for each thing measured."""
    rows = list(_rows(figures))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {text}" for name, text in rows)


def _rows(figures: Figures) -> Iterator[Row]:
    machine = figures["machine"]
    yield "machine", f"{machine['cores']} cores, load {machine['load_before']}, Python {machine['python']}"
    costs = ", ".join(f"{name.removesuffix('_ms')} {cost} ms" for name, cost in machine["yardstick"].items())
    yield "yardstick (CPU)", costs
    for name in ("first_start_s", "warm_start_s"):
        if name in figures:
            yield name.removesuffix("_s").replace("_", " "), f"{figures[name]} s"
    for name in ("idle_pss_mib", "busy_pss_mib", "delivering_pss_mib"):
        if name in figures:
            yield f"memory, {name.removesuffix('_pss_mib')}", _memory(figures[name])
    for one in figures.get("inbox", ()):
        yield f"inbox, {one['hosts']} host{'s' if one['hosts'] > 1 else ''}", _arrivals(one)
    for one in figures.get("workers", ()):
        yield f"inbox, {one['workers']} workers", _arrivals(one)
    for one in figures.get("growth", ()):
        yield f"inbox, {one['posts']:,} posts, {one['followers']:,} followers", _arrivals(one)
    yield from _leaving(figures)
    for one in figures.get("reads", ()):
        for name, page in one["pages"].items():
            yield f"{name}, {one['posts']:,} posts", _page(page)
        yield f"memory after reading, {one['posts']:,} posts", _memory(one["pss_mib"])


def _leaving(figures: Figures) -> Iterator[Row]:
    for one in figures.get("pressing", ()):
        yield (
            f"a post to {one['hosts']:,} fast hosts",
            f"all have it after {_spread(one['last_arrival_s'])} s, answered in {_spread(one['api_answer_ms'])} ms",
        )
    for one in figures.get("fan_out", ()):
        name = f"{one['posts']} posts to {one['hosts']:,} hosts"
        if one["dead"] or one["slow"]:
            name += f", {one['dead']:.0%} dead, {one['slow']:.0%} slow"
        if one["called"]:
            name += f", {one['called']}"
        yield (
            name,
            (
                f"{one['per_s']}/s ({one['fast_per_s']}/s at the fast ones), {one['arrived']} of {one['wanted']}, last "
                f"after {one['last_arrival_s']} s (fast ones {one['last_arrival_at_fast_s']} s), "
                f"CPU {_parts(one['cpu_ms_each'])}"
            ),
        )


def _spread(one: dict[str, float]) -> str:
    return f"{one['median']:g} ({one['min']:g} to {one['max']:g})"


def _parts(cost: dict[str, float]) -> str:
    parts = ", ".join(f"{part} {ms:.2f}" for part, ms in cost.items() if part not in ("all", "supervisor"))
    return f"{cost['all']:.2f} ms each ({parts})"


def _arrivals(one: dict[str, Any]) -> str:
    cost = {part: spread["median"] for part, spread in one["cpu_ms_each"].items()}
    states = {
        name: sum(r["states"].get(name, 0) for r in one["rounds"])
        for r in one["rounds"]
        for name in r["states"]
    }
    return f"{_spread(one['stored_per_s'])} stored/s, CPU {_parts(cost)}, p99 {_spread(one['answer_p99_ms'])} ms, {states}"


def _page(one: dict[str, Any]) -> str:
    if "per_s_of_eight" not in one:
        return f"answered {one['status']}"
    return (
        f"p50 {one['p50_ms']} ms, p99 {one['p99_ms']} ms; {one['per_s_of_eight']}/s for eight readers, "
        f"CPU {_parts(one['cpu_ms_each'])}"
    )


def _memory(one: dict[str, float]) -> str:
    parts = ", ".join(f"{part} {mib:g}" for part, mib in one.items() if part != "all")
    return f"{one['all']:g} MiB PSS ({parts})"
