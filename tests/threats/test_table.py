"""Every row of docs/threats.md names tests that exist and say which row they are for."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.house.tree import ROOT

PAGE = (ROOT / "docs" / "threats.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([A-Z]{3,4}-[0-9]{2}) \| (.+?) \| (.+?) \|$", PAGE, re.M)
AREAS = (
    "SIG",
    "ORG",
    "SSRF",
    "RES",
    "JSN",
    "HTM",
    "MED",
    "CCH",
    "DEL",
    "RED",
    "WFG",
    "RPL",
    "CLK",
    "REL",
    "DBF",
)


@cache
def source(path: str) -> str:
    return (ROOT / "tests" / path).read_text("utf-8")


@cache
def functions(path: str) -> dict[str, str]:
    """The source of each test function of a file, decorators and all."""
    lines = source(path).splitlines()
    return {
        node.name: "\n".join(
            lines[min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1 : node.end_lineno]
        )
        for node in ast.walk(ast.parse(source(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def says(text: str, row: str) -> bool:
    """Whether a test's source names the row, as SIG-04 or sig_04."""
    return row in text or row.lower().replace("-", "_") in text


@pytest.mark.parametrize(("row", "tried", "tests"), ROWS, ids=[row for row, *_ in ROWS])
def test_a_row_has_tests_that_exist_and_name_it(row: str, tried: str, tests: str) -> None:
    if tests.startswith("none: "):
        assert len(tests) > 30  # says why
        return
    named = re.findall(r"`([\w/.]+)::([\w-]+)`", tests)
    assert named, tests
    for path, name in named:
        if name == row:  # a case in a table, or a comment beside the test
            assert says(source(path), row), (path, name)
        else:
            assert name in functions(path), (path, name)
    assert any(says(source(path), row) for path, name in named)


def test_no_row_stands_twice_and_every_area_is_there() -> None:
    names = [row for row, *_ in ROWS]
    assert sorted(names) == sorted(set(names))
    assert {name.partition("-")[0] for name in names} >= set(AREAS)
