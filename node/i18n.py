"""The languages of the pages: which there are, which one is wanted now, and their catalogues.

Texts are English msgids, marked with `_()`, `ngettext()` or `N_()` (node.errors) in Python and in
templates. Catalogues are the `.po` files under `node/locale`; they are compiled in memory when
first needed, so there is nothing to build and nothing to go stale. The web middleware says which
language a request wants; jobs and letters say it with `use(…)`. Beside `node.po`, a `formal.po` holds
the texts that differ in houses where people are addressed formally (Sie, vous). Never knows a request
or a person.
"""

import gettext as _gettext
import io
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

SOURCE_LANGUAGE = "en"
_ROOT = Path(__file__).resolve().parent
LOCALE_DIR = _ROOT / "locale"
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
}
_LONGEST_HEADER = 200
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)

# The language wanted now, or how to find it out (the person is only known once the guard has asked).
_wanted: ContextVar[str | Callable[[], str]] = ContextVar("wanted_language", default=SOURCE_LANGUAGE)
_formal: ContextVar[bool] = ContextVar("formal_address", default=False)


def templates_dir() -> Path:
    """Where the templates lie: beside the package in a clone, inside it once installed."""
    beside = _ROOT.parent / "templates"
    return beside if beside.is_dir() else _ROOT / "templates"


@cache
def languages() -> tuple[str, ...]:
    """Languages with a catalogue, English first."""
    found = sorted(path.parent.parent.name for path in LOCALE_DIR.glob("*/LC_MESSAGES/node.po"))
    return (SOURCE_LANGUAGE, *(name for name in found if name != SOURCE_LANGUAGE))


@cache
def locale(language: str) -> Locale:
    """Babel's locale; English for a language it does not know."""
    try:
        return Locale.parse(language.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale(SOURCE_LANGUAGE)


def direction(language: str) -> str:
    """`ltr` or `rtl`."""
    return str(locale(language).text_direction)


def own_name(language: str) -> str:
    """What a language calls itself: `Deutsch`, `العربية`."""
    name = locale(language).get_display_name() or language
    return name[:1].upper() + name[1:]


@cache
def translations(language: str, formal: bool = False) -> _gettext.NullTranslations:
    """The catalogue of a language; one that gives the msgids back when there is none.

    `formal` texts come first where there are some, the others are the same for everybody.
    """
    path = _path(language, "formal" if formal else "node")
    found = _gettext.NullTranslations()
    if path.is_file():
        compiled = io.BytesIO()
        write_mo(compiled, _read(path, language))
        compiled.seek(0)
        found = _gettext.GNUTranslations(compiled)
    if formal:
        found.add_fallback(translations(language))
    return found


def current() -> str:
    """The language wanted now."""
    wanted = _wanted.get()
    return wanted if isinstance(wanted, str) else wanted()


def is_formal() -> bool:
    """Whether people are addressed formally."""
    return _formal.get()


def want(language: str | Callable[[], str], *, formal: bool = False) -> None:
    """Say which language is wanted from here on, in this request or job, and how to address people."""
    _wanted.set(language)
    _formal.set(formal)


@contextmanager
def use(language: str, *, formal: bool | None = None) -> Iterator[None]:
    """Want a language inside the block alone, as for a letter to somebody else.

    People are addressed as before unless `formal` says how.
    """
    token = _wanted.set(language)
    manner = _formal.set(_formal.get() if formal is None else formal)
    try:
        yield
    finally:
        _formal.reset(manner)
        _wanted.reset(token)


def gettext(message: str) -> str:
    """The text in the language wanted now. The empty text stays empty."""
    return translations(current(), _formal.get()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """The fitting plural form in the language wanted now; still holds `%(num)d` and the like."""
    return translations(current(), _formal.get()).ngettext(singular, plural, number)


_ = gettext


def choose(wishes: Sequence[str], accept_language: str, offered: Sequence[str]) -> str:
    """The first wish that is offered, else the best of an Accept-Language header, else offered[0]."""
    for wish in (*wishes, *_preferences(accept_language)):
        found = negotiate_locale([wish.replace("-", "_")], [name.replace("-", "_") for name in offered])
        if found:
            return found
    return offered[0] if offered else SOURCE_LANGUAGE


def _preferences(header: str) -> list[str]:
    """Languages of an Accept-Language header, most wanted first. Spec: RFC 9110 §12.5.4."""
    weighed: list[tuple[float, str]] = []
    for part in header[:_LONGEST_HEADER].split(","):
        name, _sep, parameter = part.strip().partition(";")
        weight = parameter.strip().removeprefix("q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        tag = name.strip()
        if tag and tag.isascii() and tag.replace("-", "").isalnum() and quality > 0:
            weighed.append((-quality, tag))
    weighed.sort(key=lambda item: item[0])
    return [tag for _quality, tag in weighed]


# --- catalogues, for `allmende dev messages` and `dev check` -------------------------------------


def extract() -> Catalog:
    """Every marked text of the code and the templates."""
    catalogue = Catalog(project="Allmende", charset="utf-8")
    templates = templates_dir()
    sources = [(path, "python") for path in sorted(_ROOT.rglob("*.py"))]
    sources += [(path, "jinja2.ext:babel_extract") for path in sorted(templates.rglob("*.html"))]
    sources += [(path, "jinja2.ext:babel_extract") for path in sorted(templates.rglob("*.txt"))]
    options = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
    for path, method in sources:
        for _line, message, comments, context in extract_from_file(
            method,
            path,
            keywords=_KEYWORDS,
            comment_tags=("i18n:",),
            options=options,
            strip_comment_tags=True,
        ):
            if message:
                catalogue.add(message, auto_comments=comments, context=context)
    return catalogue


def update(language: str) -> int:
    """Bring one catalogue in step with the texts and write it; how many texts lack a translation."""
    wanted = extract()
    path = _path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = _read(path, language)
    kept.update(wanted, no_fuzzy_matching=True)
    kept.obsolete.clear()
    _write(path, kept)
    if _path(language, "formal").is_file():
        _write(_path(language, "formal"), _still_used(_read(_path(language, "formal"), language), wanted))
    translations.cache_clear()
    languages.cache_clear()
    return sum(1 for message in kept if message.id and not _is_whole(message.string))


def check() -> list[str]:
    """What is wrong with the catalogues, one line each; empty when all are fresh and complete."""
    wanted = {message.id for message in extract() if message.id}
    problems = []
    for language in languages()[1:]:
        catalogue = _read(_path(language), language)
        known = {message.id: message for message in catalogue if message.id}
        problems += [f"{language}: not in the catalogue: {_first(text)!r}" for text in wanted - known.keys()]
        problems += [f"{language}: no longer used: {_first(text)!r}" for text in known.keys() - wanted]
        for text, message in known.items():
            if text in wanted and (message.fuzzy or not _is_whole(message.string)):
                problems.append(f"{language}: not translated: {_first(text)!r}")
            elif text in wanted:
                problems += [f"{language}: {error}: {_first(text)!r}" for error in message.check(catalogue)]
        problems += _formal_problems(language, wanted)
    return sorted(problems)


def _formal_problems(language: str, wanted: Collection[object]) -> list[str]:
    """What is wrong with the texts for formal houses: left over, empty, or with other placeholders."""
    catalogue = _read(_path(language, "formal"), language)
    problems = []
    for message in catalogue:
        if message.id and (message.id not in wanted or not _is_whole(message.string)):
            problems.append(f"{language}, formal: no longer used or empty: {_first(message.id)!r}")
        elif message.id:
            first = _first(message.id)
            problems += [f"{language}, formal: {error}: {first!r}" for error in message.check(catalogue)]
    return problems


def _still_used(formal: Catalog, wanted: Catalog) -> Catalog:
    known = {message.id for message in wanted}
    for stale in [message.id for message in formal if message.id and message.id not in known]:
        formal.delete(stale)
    return formal


def _write(path: Path, catalogue: Catalog) -> None:
    _quieten(catalogue)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, no_location=True, omit_header=False, sort_output=True)


def _quieten(catalogue: Catalog) -> None:
    """A header without dates and placeholders, so that only texts make a difference."""
    catalogue.header_comment = "# Texts of Allmende's pages; `allmende dev messages` keeps them in step."
    catalogue.project, catalogue.version = "Allmende", "1"
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    catalogue.last_translator = catalogue.language_team = catalogue.msgid_bugs_address = "-"
    catalogue.fuzzy = False


def _path(language: str, name: str = "node") -> Path:
    return LOCALE_DIR / language / "LC_MESSAGES" / f"{name}.po"


def _read(path: Path, language: str) -> Catalog:
    if not path.is_file():
        return Catalog(locale=language, project="Allmende", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _first(text: str | tuple[str, ...] | list[str]) -> str:
    return text if isinstance(text, str) else text[0]


def _is_whole(text: str | Sequence[str] | None) -> bool:
    return bool(text) if isinstance(text, str) or text is None else all(text)
