"""docs/client-api.md names every route of the client API, and nothing else."""

import re
from pathlib import Path

from node.feature import Route
from node.features.registry import FEATURES

PAGE = Path(__file__).parents[3] / "docs" / "client-api.md"
_ACCESS = {"token": "a person's", "app_token": "a person's or a program's", "maybe_token": "if you have one"}
_ROW = re.compile(r"\| (GET|POST|PUT|PATCH|DELETE) \| `([^`]+)` \| ([^|]+) \| ([^|]+) \|")


def _path(route: Route) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", r":\1", route.path)


def _row(route: Route) -> tuple[str, str, str, str]:
    scope = f"`{route.scope}`" if route.scope else "–"
    return route.method, _path(route), _ACCESS.get(route.access, "none"), scope


def test_the_page_lists_every_route_as_it_is() -> None:
    routes = [route for feature in FEATURES for route in feature.routes if route.path.startswith("/api/")]
    expected = sorted(
        {_row(route) for route in routes if not route.path.endswith("/")}, key=lambda row: (row[1], row[0])
    )
    written = [tuple(cell.strip() for cell in row) for row in _ROW.findall(PAGE.read_text())]
    table = "\n".join(
        f"| {method} | `{path}` | {access} | {scope} |" for method, path, access, scope in expected
    )
    assert written == expected, f"the table should be:\n{table}"
