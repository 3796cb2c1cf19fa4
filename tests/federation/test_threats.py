"""The threat list names tests that exist, and hostile cases cover every refusal at the doors."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FEDERATION = HERE.parents[1] / "federation"


def _tests() -> set[str]:
    return {
        node.name
        for path in HERE.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_test_the_threat_list_names_exists() -> None:
    named = re.findall(r"(?<![\w/])(test_\w+)(…?)(?!\.py)(?=[`…])", (FEDERATION / "THREATS.md").read_text())
    assert len(named) > 40
    known = _tests()
    missing = [
        name
        for name, cut in named
        if not (any(test.startswith(name) for test in known) if cut else name in known)
    ]
    assert missing == []


@pytest.mark.parametrize("module", ["inbox", "fetch", "proofs", "delivery", "client", "reach"])
def test_every_refusal_at_a_door_has_a_hostile_case(module: str) -> None:
    codes = {
        part.value
        for node in ast.walk(ast.parse((FEDERATION / f"{module}.py").read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "FederationError"
        for part in ast.walk(node.args[0])
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    tests = "".join(path.read_text() for path in HERE.glob("test_*.py"))
    assert [code for code in sorted(codes) if f'"{code}"' not in tests] == []
