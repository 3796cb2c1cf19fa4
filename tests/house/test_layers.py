"""Imports go down only: what a reader may rely on when opening any module."""

import ast
import re

import pytest

from tests.house.tree import dotted, imports, modules, parsed

# Doors of the web: they know who is asking and where, so they know features. The rest of node.web is tools.
WEB_DOORS = ("node.web.guard", "node.web.houses", "node.web.middleware")
DOORS = (
    "node.app",
    "node.jobs",
    "node.cli",
    "node.demo",
    "node.processes",
    "node.supervisor",
    "node.__main__",
    *WEB_DOORS,
)
GROUND = (
    "node", "node.db", "node.config", "node.media_config", "node.retention_config", "node.configfile",
    "node.errors", "node.ids", "node.clock",
    "node.text", "node.i18n", "node.logs", "node.services", "node.keyring", "node.bootstrap",
)  # fmt: skip
# What a request or a job is handed; above the ground, below the wire.
SHARED = ("node.runtime", "node.appkeys", "node.feature", "node.wakes", "node.copies")


def features() -> list[str]:
    """The features' names, lowest first, read from the text of FEATURES."""
    registry = next(path for path in modules() if dotted(path) == "node.features.registry")
    for statement in parsed(registry).body:
        if isinstance(statement, ast.AnnAssign) and ast.unparse(statement.target) == "FEATURES":
            return re.findall(r"(\w+)\.FEATURE", ast.unparse(statement))
    raise AssertionError("node.features.registry has no FEATURES")


def within(name: str, *roots: str) -> bool:
    return any(name == root or (root != "node" and name.startswith(root + ".")) for root in roots)


def layer(name: str) -> int:
    """0 is the ground."""
    if within(name, *DOORS):
        return 6
    if within(name, "node.features"):
        return 5
    if within(name, "node.web"):
        return 4
    if within(name, "node.wire"):
        return 3
    if within(name, *SHARED):
        return 2
    assert within(name, *GROUND), f"{name} has no layer; give it one in this test"
    return 1


ALL = [found for path in modules() for found in imports(path)]


def test_federation_imports_nothing_of_ours() -> None:
    wrong = [
        found
        for found in ALL
        if found.importer.split(".")[0] == "federation"
        and found.imported.split(".")[0] in ("node", "moderation")
    ]
    assert not wrong


def test_moderation_reads_the_vocabulary_and_nothing_else() -> None:
    wrong = [
        found
        for found in ALL
        if found.importer.startswith("moderation")
        and found.imported.startswith(("node", "federation"))
        and not within(found.imported, "federation.vocab")
    ]
    assert not wrong


def test_inside_the_node_imports_go_down() -> None:
    wrong = [
        found
        for found in ALL
        if within(found.importer, "node") or found.importer.startswith("node.")
        if found.imported.startswith("node.") and layer(found.imported) > layer(found.importer)
    ]
    assert not wrong


def test_a_feature_imports_only_features_below_it() -> None:
    order = features()
    wrong = []
    for found in ALL:
        parts, target = found.importer.split("."), found.imported.split(".")
        if (
            parts[:2] != ["node", "features"]
            or target[:2] != ["node", "features"]
            or min(len(parts), len(target)) < 3
            or "registry" in (parts[2], target[2])
        ):
            continue
        if order.index(target[2]) > order.index(parts[2]):
            wrong.append(found)
    assert not wrong


def test_every_feature_folder_is_listed() -> None:
    names = {dotted(path) for path in modules() if dotted(path).startswith("node.features.")}
    folders = {name.split(".")[2] for name in names} - {"registry"}
    assert folders == set(features())


@pytest.mark.parametrize("package", ["federation", "moderation"])
def test_a_library_opens_no_database(package: str) -> None:
    assert not [found for found in ALL if found.importer.startswith(package) and found.imported == "asyncpg"]
