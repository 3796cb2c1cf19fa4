"""Habits that can be seen from outside: where SQL stands, how long files are, what must never be committed."""

import ast
import re
from pathlib import Path

from tests.house.tree import ROOT, dotted, modules, parsed, strings, tracked

LONGEST_MODULE = 400
STATEMENT = re.compile(
    r"^\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+(\s+\w+)?\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s|TRUNCATE\s)"
)
TEXT_SUFFIXES = {
    ".py", ".md", ".html", ".css", ".js", ".json", ".toml", ".lock", ".sql", ".po", ".txt", ".yml", ".yaml", ".sh",
    ".conf", ".service", ".timer", ".mjs", ".ts", "",
}  # fmt: skip
# Written in two halves, so that this file does not hold what it looks for.
MACHINE_PATHS = ("/wo" + "rk/", "/ro" + "ot/", "/opt/py" + "pi", "/opt/wh" + "eels")
INDEX_HOSTS = (
    "py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs", "npm" + "js.com", "npm" + "js.org",
    "deb." + "debian.org", "static." + "crates.io",
)  # fmt: skip


def text_files() -> list[tuple[Path, str]]:
    """Every tracked text, with its path from the root."""
    found = []
    for path in tracked():
        if path.suffix in TEXT_SUFFIXES:
            found.append((path.relative_to(ROOT), path.read_text("utf-8")))
    return found


def may_hold_sql(path: Path) -> bool:
    """`store.py`, a folder `store/`, and node/db; the services make databases and nothing else."""
    parts = path.relative_to(ROOT).parts
    return (
        path.name == "store.py"
        or "store" in parts[:-1]
        or parts[:2] in (("node", "db"), ("node", "services"))
    )


def test_sql_stands_in_stores_only() -> None:
    wrong = [
        f"{dotted(path)}:{line}"
        for path in modules()
        if not may_hold_sql(path)
        for line, text in strings(path)
        if STATEMENT.match(text)
    ]
    assert not wrong


def test_columns_are_named() -> None:
    wrong = [
        f"{dotted(path)}:{line}"
        for path in modules()
        for line, text in strings(path)
        if re.search(r"(?i)\bselect\s+(\w+\.)?\*|\breturning\s+\*", text)
    ]
    assert not wrong


def test_no_module_is_too_long() -> None:
    lengths = {dotted(path): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert not {name: length for name, length in lengths.items() if length > LONGEST_MODULE}


def test_every_module_says_what_it_owns() -> None:
    silent = [
        dotted(path) for path in modules() if parsed(path).body and not isinstance(_documentation(path), str)
    ]
    assert not silent


def _documentation(path: Path) -> str | None:
    return ast.get_docstring(parsed(path))


def test_whatever_is_left_to_do_has_an_issue() -> None:
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b(?!\(#\d+\))")
    wrong = [
        f"{name}:{number}"
        for name, text in text_files()
        if name.suffix in {".py", ".html", ".css", ".js", ".sql", ".sh"} and "htmx" not in name.name
        for number, line in enumerate(text.splitlines(), 1)
        if mark.search(line)
    ]
    assert not wrong


def test_no_file_names_a_machine_or_a_package_index() -> None:
    wrong = [
        f"{name}: {words}"
        for name, text in text_files()
        for words in (*MACHINE_PATHS, *INDEX_HOSTS)
        if words in text
    ]
    assert not wrong
