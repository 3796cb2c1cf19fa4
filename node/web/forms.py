"""A posted form, read into a msgspec Struct, with errors in words beside their fields.

Pages call `read_form(request, WriteForm)`. What was typed is kept whatever happens, so a page with
an error shows it again. Limits and words of a field stand in its type:
`Annotated[str, Meta(max_length=80, extra={"error": N_("Please …")})]`; `extra={"raw": True}` leaves a
text as it came (passwords). An empty field with no default is missing.
"""

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec
from aiohttp import web

from node import i18n
from node.errors import N_, NodeError
from node.text import tidy
from node.web.posted import UploadedFile, read_posted

T = TypeVar("T", bound=msgspec.Struct)
_TRUE: Final = frozenset({"on", "1", "true", "yes"})
_MISSING: Final = N_("Please fill this in.")
_CHOOSE: Final = N_("Please choose one of these.")
_NUMBER: Final = N_("Please write a whole number.")
_RANGE_MOST: Final = N_("Please write a number of at most %(most)s.")
_RANGE_LEAST: Final = N_("Please write a number of at least %(least)s.")
_TOO_LONG: Final = N_("Please use at most %(most)s characters; there are %(length)s now.")
_TOO_SHORT: Final = N_("Please use at least %(least)s characters.")
_TOO_MANY: Final = N_("Please choose at most %(most)s.")
_UNFIT: Final = N_("Please look at this once more.")


class Form(Generic[T]):
    """What somebody sent: `values`, and `errors` by field in the reader's language.

    `Form(Write(text="Hello"))` is a form to be filled in. `typed` is what stood in each field, for
    showing it again; `files` what was uploaded. After errors, `values` holds defaults in place of
    what could not be read.
    """

    def __init__(self, values: T | None, errors: Mapping[str, str] | None = None) -> None:
        self._values = values
        self.errors: dict[str, str] = dict(errors or {})
        self.typed: dict[str, list[str]] = {}
        self.files: dict[str, list[UploadedFile]] = {}
        if values is not None:
            stored = msgspec.structs.asdict(values)
            self.typed = {name: _as_texts(value) for name, value in stored.items() if not _is_secret(name)}

    @property
    def ok(self) -> bool:
        """Whether everything could be read and nothing was found wrong since."""
        return self._values is not None and not self.errors

    @property
    def values(self) -> T:
        """The form's Struct. Raises: NodeError `invalid` when a field without default was not sent."""
        if self._values is None:
            raise NodeError("invalid", detail=", ".join(self.errors))
        return self._values

    def fail(self, field: str, text: str, **values: object) -> None:
        """Note what is wrong with a field; `text` is a msgid or already translated."""
        self.errors.setdefault(field, _say(text, values))

    def refuse(self, error: NodeError) -> None:
        """Note what a service found wrong; without a field it stands on top of the form."""
        self.errors.setdefault(error.field, _say(error.text, error.values))

    def text(self, name: str, default: str = "") -> str:
        """What was typed into a field; never a password."""
        found = self.typed.get(name)
        return found[0] if found else default

    def has(self, name: str, value: str = "1") -> bool:
        """Whether a box was ticked or a choice made."""
        return value in self.typed.get(name, ())

    def error(self, name: str) -> str:
        """What is wrong with a field, or ''."""
        return self.errors.get(name, "")


async def read_form(request: web.Request, kind: type[T], *, max_bytes: int = 0) -> Form[T]:
    """Read the posted form of a page.

    Raises: NodeError `too_large`, `bad_request`. Faults of fields are in `errors`.
    """
    posted = await read_posted(request, max_bytes)
    return _filled(kind, posted.texts, posted.files)


def _as_texts(value: object) -> list[str]:
    if value is None or value is False:
        return []
    if value is True:
        return ["1"]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [str(item) for item in value]
    return [str(value)]


def _is_secret(name: str) -> bool:
    """Fields that are kept exactly as typed and never sent back into a page."""
    return "password" in name


def _filled(
    kind: type[T], texts: Mapping[str, list[str]], files: Mapping[str, list[UploadedFile]]
) -> Form[T]:
    form: Form[T] = Form(None)
    form.typed = {name: list(values) for name, values in texts.items() if not _is_secret(name)}
    form.files = {name: list(uploads) for name, uploads in files.items()}
    values: dict[str, Any] = {}
    whole = True
    for field in msgspec.structs.fields(kind):
        value = _read_field(form, field, texts, files)
        if value is not msgspec.UNSET:
            values[field.encode_name] = value
        elif field.required:
            whole = False
    if whole:
        form._values = kind(**values)
    return form


def _read_field(
    form: Form[Any],
    field: msgspec.structs.FieldInfo,
    texts: Mapping[str, list[str]],
    files: Mapping[str, list[UploadedFile]],
) -> Any:
    """One field's value; UNSET where none was sent or it did not fit, which is then noted."""
    kind, meta = _unfold(field.type)
    extra = (meta.extra if meta else None) or {}
    given = files.get(field.name) if _is_file(kind) else texts.get(field.name)
    try:
        value = _convert(field.type, kind, given, raw=_is_secret(field.name) or bool(extra.get("raw")))
    except msgspec.ValidationError:
        words = str(extra.get("error", "")) or _words(kind, meta, given, required=field.required)
        form.fail(field.name, words)
        return msgspec.UNSET
    if value is msgspec.UNSET and field.required:
        form.fail(field.name, str(extra.get("missing", _MISSING)))
    return value


def _convert(full: Any, kind: Any, given: Sequence[Any] | None, *, raw: bool) -> Any:
    """A field's value, or UNSET when nothing was sent. Raises: msgspec.ValidationError."""
    origin = typing.get_origin(kind)
    if _is_file(kind):
        files = list(given or ())
        if origin in (list, tuple):
            return origin(files)
        return files[0] if files else msgspec.UNSET
    if kind is bool:
        return bool(given) and str((given or [""])[0]).lower() in _TRUE
    texts = [
        text if raw else tidy(text.replace("\r\n", "\n").replace("\r", "\n")).strip() for text in given or ()
    ]
    if origin in (list, tuple, set, frozenset):
        return msgspec.convert([text for text in texts if text], full, strict=False)
    if not texts or texts[0] == "":
        if texts and _allows_empty(kind):
            return msgspec.convert("", full, strict=False)
        return msgspec.UNSET
    return msgspec.convert(texts[0], full, strict=kind is str)


def _allows_empty(kind: Any) -> bool:
    return typing.get_origin(kind) is typing.Literal and "" in typing.get_args(kind)


def _is_file(kind: Any) -> bool:
    return kind is UploadedFile or UploadedFile in typing.get_args(kind)


def _unfold(kind: Any) -> tuple[Any, msgspec.Meta | None]:
    """The bare type of a field and its Meta; `X | None` is X here, since a form cannot send None."""
    meta = None
    if typing.get_origin(kind) is typing.Annotated:
        kind, *notes = typing.get_args(kind)
        meta = next((note for note in notes if isinstance(note, msgspec.Meta)), None)
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        rest = [part for part in typing.get_args(kind) if part is not type(None)]
        inner, inner_meta = _unfold(rest[0])
        return inner, meta or inner_meta
    return kind, meta


def _words(kind: Any, meta: msgspec.Meta | None, given: Sequence[Any] | None, *, required: bool) -> str:
    """What to say of a value that does not fit its type."""
    text = str(given[0]).strip() if given else ""
    if required and not text:
        return _MISSING
    if kind is int:
        if meta and text.lstrip("-").isdigit():
            return _range_words(meta, int(text[:30]))
        return _NUMBER
    if typing.get_origin(kind) is typing.Literal:
        return _CHOOSE
    if meta and meta.max_length is not None and typing.get_origin(kind) in (list, tuple):
        return _say(_TOO_MANY, {"most": meta.max_length})
    if meta and meta.max_length is not None and len(text) > meta.max_length:
        return _say(_TOO_LONG, {"most": meta.max_length, "length": len(text)})
    if meta and meta.min_length is not None and len(text) < meta.min_length:
        return _say(_TOO_SHORT, {"least": meta.min_length})
    return _UNFIT


def _range_words(meta: msgspec.Meta, number: int) -> str:
    if meta.le is not None and number > meta.le:
        return _say(_RANGE_MOST, {"most": meta.le})
    if meta.ge is not None and number < meta.ge:
        return _say(_RANGE_LEAST, {"least": meta.ge})
    return _NUMBER


def _say(text: str, values: Mapping[str, object]) -> str:
    translated = i18n.gettext(text)
    return translated % dict(values) if values else translated
