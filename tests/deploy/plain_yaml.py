"""The plain part of YAML that deploy/compose.yml keeps to: mappings, lists, quoted or bare scalars.

Anchors, tags, multi-line texts and tabs are refused: whoever reads the file in a hurry should not meet them.
Every scalar is a text, as every setting of compose may be written.
"""

import json
import re
from typing import Any

_KEY = re.compile(r"^([A-Za-z0-9_./-]+):(?:\s+(.*))?$")
_BARE = re.compile(r"^[^\[\]{}&*!|>'\"%@`#,][^#]*$")


class PlainYamlError(ValueError):
    """A line that is not of the plain part; the message begins with its number."""


def load(text: str) -> Any:
    """The document as dicts, lists and texts. Raises: PlainYamlError."""
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        if "\t" in line:
            raise PlainYamlError(f"{number}: a tab")
        if line.strip() and not line.lstrip().startswith("#"):
            lines.append((number, len(line) - len(line.lstrip()), line.strip()))
    value, rest = _block(lines, 0)
    if rest:
        raise PlainYamlError(f"{rest[0][0]}: stands at an odd indent")
    return value


def _block(lines: list[tuple[int, int, str]], indent: int) -> tuple[Any, list[tuple[int, int, str]]]:
    if lines and lines[0][2].startswith("- "):
        return _list(lines, indent)
    found: dict[str, Any] = {}
    while lines and lines[0][1] == indent:
        number, _, text = lines.pop(0)
        key = _KEY.match(text)
        if key is None or key.group(1) in found:
            raise PlainYamlError(f"{number}: no key, or one that came before")
        if key.group(2):
            found[key.group(1)] = _scalar(number, key.group(2))
        elif lines and lines[0][1] > indent:
            found[key.group(1)], lines = _block(lines, lines[0][1])
        else:
            found[key.group(1)] = None
    return found, lines


def _list(lines: list[tuple[int, int, str]], indent: int) -> tuple[list[Any], list[tuple[int, int, str]]]:
    found: list[Any] = []
    while lines and lines[0][1] == indent and lines[0][2].startswith("- "):
        number, _, text = lines.pop(0)
        item = text[2:].strip()
        key = _KEY.match(item)
        found.append(
            {key.group(1): _scalar(number, key.group(2))} if key and key.group(2) else _scalar(number, item)
        )
    return found, lines


def _scalar(number: int, text: str) -> Any:
    if text.startswith("["):
        inner = text.removeprefix("[").removesuffix("]")
        parts = re.findall(r'"[^"]*"|[^,\s][^,]*', inner)
        return [_scalar(number, part.strip()) for part in parts]
    if text.startswith('"'):
        try:
            return json.loads(text)
        except ValueError:
            raise PlainYamlError(f"{number}: a quoted text that does not end") from None
    if _BARE.match(text) is None:
        raise PlainYamlError(f"{number}: {text!r} is not plain")
    return text
