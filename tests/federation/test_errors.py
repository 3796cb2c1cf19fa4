"""Every refusal has a code, every code is listed, and none is listed in vain."""

from __future__ import annotations

import ast
from pathlib import Path

from federation.errors import CODES, FederationError

ROOT = Path(__file__).parents[2] / "federation"


def _texts(node: ast.AST) -> set[str]:
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


def _trees() -> list[ast.Module]:
    return [ast.parse(path.read_text()) for path in ROOT.rglob("*.py") if path != ROOT / "errors.py"]


def test_every_code_raised_is_listed() -> None:
    raised = {
        code
        for tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "FederationError"
        for code in _texts(node.args[0])
    }
    assert len(raised) > 40
    assert raised <= CODES.keys()


def test_no_code_is_listed_in_vain() -> None:
    # Who uses the library says some of them, too: how much one host may send is the node's to decide.
    doors = [ast.parse(path.read_text()) for path in (ROOT.parent / "node" / "wire").rglob("*.py")]
    said = set[str]().union(*(_texts(tree) for tree in [*_trees(), *doors]))
    assert CODES.keys() <= said


def test_a_refusal_shows_its_code_and_keeps_its_status() -> None:
    refusal = FederationError("bad_id", "why", permanent=False, status=503)
    assert (str(refusal), refusal.code, refusal.permanent, refusal.status) == (
        "bad_id: why",
        "bad_id",
        False,
        503,
    )
    assert str(FederationError("bad_id")) == "bad_id"
