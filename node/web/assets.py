"""The stylesheet, the script and the icons: held in memory, named by their content.

`asset("style.css")` gives the address to put into a page; it changes when the file does. Files are
read once per process and held compressed too. Served by node.web.static; knows no request.
"""

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from node.web import hue

_FOLDER: Final = Path(__file__).resolve().parent / "static"


class Asset(msgspec.Struct, frozen=True):
    """One file, ready to send. `path` is its address with the content's hash in it."""

    path: str
    body: bytes
    packed: bytes
    mime: str


def asset(name: str) -> str:
    """The address of a static file. Raises: KeyError for a file that is not there."""
    return _assets()[name].path


def hue_sheet(degrees: int) -> str:
    """The address of a hue's stylesheet, or '' for the default one, which needs none."""
    degrees %= 360
    return "" if degrees == hue.DEFAULT_HUE else _of_hue(degrees).path


@cache
def _assets() -> dict[str, Asset]:
    files = [path for path in sorted(_FOLDER.iterdir()) if path.is_file() and not path.name.startswith(".")]
    return {path.name: _asset(path.name, path.read_bytes()) for path in files}


@cache
def _by_path() -> dict[str, Asset]:
    return {found.path: found for found in _assets().values()}


@cache
def _of_hue(degrees: int) -> Asset:
    return _asset(f"hue-{degrees}.css", hue.stylesheet(degrees).encode())


def _asset(name: str, body: bytes) -> Asset:
    stem, _, ending = name.rpartition(".")
    mark = hashlib.sha256(body).hexdigest()[:10]
    mime = mimetypes.types_map.get(f".{ending}", "application/octet-stream")
    mime = {"js": "text/javascript", "svg": "image/svg+xml"}.get(ending, mime)
    packed = gzip.compress(body, 9, mtime=0) if mime.startswith(("text/", "image/svg")) else b""
    return Asset(f"/static/{stem}.{mark}.{ending}", body, packed, mime)


def find_asset(path: str) -> Asset | None:
    """The file at an address, if that is its present one."""
    found = _by_path().get(path) or _hue_asset(path.removeprefix("/static/"))
    return found if found is not None and found.path == path else None


def _hue_asset(name: str) -> Asset | None:
    degrees = name.removeprefix("hue-").split(".")[0]
    if not name.startswith("hue-") or not (degrees.isascii() and degrees.isdigit() and len(degrees) <= 3):
        return None
    return _of_hue(int(degrees)) if int(degrees) < 360 else None
