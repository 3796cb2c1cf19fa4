"""Every error code has a meaning and a use: an unknown one would be a fault of its own."""

import ast

from node.errors import CODES
from tests.house.tree import dotted, modules, parsed


def raised() -> dict[str, list[str]]:
    """Code to the places that name it in `NodeError(...)`."""
    found: dict[str, list[str]] = {}
    for path in modules():
        for node in ast.walk(parsed(path)):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).split(".")[-1] == "NodeError"
                and node.args
            ):
                for inner in ast.walk(node.args[0]):
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                        found.setdefault(inner.value, []).append(f"{dotted(path)}:{node.lineno}")
    return found


def mentioned() -> set[str]:
    """Every text constant outside the table itself: codes also travel through variables and responses."""
    return {
        node.value
        for path in modules()
        if dotted(path) != "node.errors"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_raised_code_is_in_the_table() -> None:
    assert not {code: places for code, places in raised().items() if code not in CODES}


def test_every_code_in_the_table_is_used() -> None:
    assert not set(CODES) - mentioned()
