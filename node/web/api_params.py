"""Reading the parameters of an API call: query, JSON, form and multipart all alike.

Clients send the same call in any of these, with Rails' names for nested values (`id[]`,
`source[privacy]`, `fields_attributes[0][name]`); here they become one tree, read by kind. Bad
values are refused with Mastodon's status, never guessed. Called by the features' `api.py`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiohttp import web

from federation import strict_json
from federation.errors import FederationError
from node.appkeys import NODE
from node.db.rows import Window
from node.ids import MAX_ID
from node.web.api import OPEN_FILES, ApiRefusal

_MOST_PARAMETERS: Final = 500
_DEEPEST_NAME: Final = 4
_WORDS_BYTES: Final = 1024 * 1024  # for everything beside the files themselves
_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")
_KEYS: Final = re.compile(r"\[([^\[\]]*)\]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "off", "OFF"})

Tree = dict[str, Any]


class Params:
    """The parameters of one call. Names are Mastodon's, without `[]`."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree

    def __contains__(self, name: str) -> bool:
        return name in self._tree

    def find_text(self, name: str) -> str | None:
        """A text, or None when the parameter was not sent (or sent as JSON null)."""
        value = self._tree.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ApiRefusal(422, f"Validation failed: {name} is not a text")
        return str(value)

    def text(self, name: str, default: str = "") -> str:
        """A text, `default` when it was not sent."""
        found = self.find_text(name)
        return default if found is None else found

    def find_flag(self, name: str) -> bool | None:
        """Yes or no as Rails reads it, or None when it was not sent or is empty."""
        value = self._tree.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            return value
        if isinstance(value, int | str):
            return str(value) not in _FALSE
        raise ApiRefusal(422, f"Validation failed: {name} is not a yes or no")

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Yes or no, `default` when it was not sent."""
        found = self.find_flag(name)
        return default if found is None else found

    def number(self, name: str, default: int, *, least: int = 0, most: int = MAX_ID) -> int:
        """A whole number, held between `least` and `most`."""
        value = self._tree.get(name)
        if value is None or value == "":
            return default
        return min(most, max(least, _whole(name, value)))

    def find_id(self, name: str) -> int | None:
        """An id; None when it was not sent."""
        value = self._tree.get(name)
        return None if value is None or value == "" else _id(name, value)

    def texts(self, name: str) -> list[str]:
        """A list of texts; a single one counts as a list of one."""
        value = self._tree.get(name)
        if value is None:
            return []
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str | int) and not isinstance(one, bool) for one in found):
            raise ApiRefusal(422, f"Validation failed: {name} is not a list of texts")
        return [str(one) for one in found if one != ""]

    def ids(self, name: str, most: int) -> list[int]:
        """A list of ids, each once, at most `most` of them; what is no id is left out."""
        found = [int(one) for one in self.texts(name) if one.isascii() and one.isdigit() and len(one) < 20]
        return [one for one in dict.fromkeys(found) if one <= MAX_ID][:most]

    def inner(self, name: str) -> "Params":
        """The parameters nested under a name, e.g. `source[privacy]`; empty when none were sent."""
        value = self._tree.get(name)
        return Params(value if isinstance(value, dict) else {})

    def rows(self, name: str) -> list["Params"]:
        """A list of nested parameters, sent as a list or by number (`fields_attributes[0][name]`)."""
        value = self._tree.get(name)
        if isinstance(value, dict):
            numbered = sorted(value.items(), key=lambda pair: (len(pair[0]), pair[0]))
            value = [row for _, row in numbered]
        if not isinstance(value, list):
            return []
        return [Params(row) for row in value if isinstance(row, dict)]

    def window(self, default: int, most: int) -> Window:
        """Which page of a list is wanted."""
        return Window(
            max_id=self.find_id("max_id"),
            since_id=self.find_id("since_id"),
            min_id=self.find_id("min_id"),
            limit=self.number("limit", default, least=1, most=most),
        )

    def file(self, name: str) -> web.FileField | None:
        """An uploaded file of a multipart body."""
        value = self._tree.get(name)
        return value if isinstance(value, web.FileField) else None


def _whole(name: str, value: object) -> int:
    text = str(value)
    if isinstance(value, bool | float | list | dict) or not re.fullmatch(r"-?[0-9]{1,19}", text):
        raise ApiRefusal(400, f"{name} is not a number")
    return int(text)


def _id(name: str, value: object) -> int:
    return max(0, min(MAX_ID, _whole(name, value)))


def path_id(request: web.Request, name: str = "id") -> int:
    """The id in the path. Raises: ApiRefusal 404 when it cannot be one of ours."""
    return as_id(request.match_info[name])


def as_id(text: str) -> int:
    """A text of a path as an id. Raises: ApiRefusal 404 when it cannot be one of ours."""
    if not (text.isascii() and text.isdigit() and len(text) < 20) or int(text) > MAX_ID:
        raise ApiRefusal(404, "Record not found")
    return int(text)


def path_text(request: web.Request, name: str) -> str:
    """A text in the path. Raises: ApiRefusal 404 for characters no text may hold."""
    text = request.match_info[name]
    if not _is_text(text):
        raise ApiRefusal(404, "Record not found")
    return text


def _is_text(text: str) -> bool:
    return "\x00" not in text and _SURROGATE.search(text) is None


async def read_params(request: web.Request, *, files: bool = False) -> Params:
    """Everything sent with a call; the body wins over the query.

    `files`: uploads may come along, each as large as the configuration allows; they are closed
    when the call is answered.

    Raises: ApiRefusal 400 for what cannot be read, 413 for too much, 415 for another kind of body.
    """
    tree = grow(request.query.items())
    if request.can_read_body:
        kind = request.content_type
        if kind == "application/json":
            tree.update(await _read_json(request))
        elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            tree.update(grow((await _read_form(request, files=files)).items()))
        elif await request.read():
            raise ApiRefusal(415, "Unsupported media type")
    return Params(tree)


async def _read_json(request: web.Request) -> Tree:
    body = await request.read()
    if not body.strip():
        return {}
    try:
        found = strict_json.loads(body)
    except FederationError as error:
        raise ApiRefusal(400, "Error occurred while parsing request parameters") from error
    # `{"id[]": …}` is sent by some clients even in JSON.
    return {name.removesuffix("[]"): value for name, value in found.items()}


async def _read_form(request: web.Request, *, files: bool) -> Mapping[str, Any]:
    asked = request
    if files:
        most = request.app[NODE].config.media.max_upload_bytes + _WORDS_BYTES
        asked = request.clone(client_max_size=most)
    try:
        form = await asked.post()
        request[OPEN_FILES] = [value.file for value in form.values() if isinstance(value, web.FileField)]
        return form
    except (ValueError, UnicodeError, LookupError) as error:
        raise ApiRefusal(400, "Error occurred while parsing request parameters") from error


def grow(pairs: Iterable[tuple[str, Any]]) -> Tree:
    """The tree that names like `source[privacy]` and `id[]` mean; names that mean nothing are left out.

    Raises: ApiRefusal 400 for too many, too deep, or characters no text may hold.
    """
    tree: Tree = {}
    for count, (name, value) in enumerate(pairs):
        if count >= _MOST_PARAMETERS:
            raise ApiRefusal(400, "Too many parameters")
        for text in (name, value):
            if isinstance(text, str) and not _is_text(text):
                raise ApiRefusal(400, "Invalid characters in the parameters")
        match = _NAME.match(name)
        if match is None:
            continue
        keys = _KEYS.findall(match[2])
        if len(keys) > _DEEPEST_NAME:
            raise ApiRefusal(400, "Too deep a parameter name")
        _put(tree, match[1], keys, value)
    return tree


def _put(node: Tree, name: str, keys: list[str], value: Any) -> None:
    """Put one value where its name says, as Rails does; what contradicts an earlier one replaces it."""
    if not keys:
        node[name] = value
    elif keys[0] == "":
        held = node.get(name)
        items: list[Any] = held if isinstance(held, list) else []
        node[name] = items
        if len(keys) == 1:
            items.append(value)
            return
        # `fields[][name]=…`: a key seen already begins the next row
        if not items or not isinstance(items[-1], dict) or keys[1] in items[-1]:
            items.append({})
        _put(items[-1], keys[1], keys[2:], value)
    else:
        held = node.get(name)
        inner: Tree = held if isinstance(held, dict) else {}
        node[name] = inner
        _put(inner, keys[0], keys[1:], value)
