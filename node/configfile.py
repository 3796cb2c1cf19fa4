"""Reading the settings: `allmende.toml`, then `ALLMENDE__SECTION__KEY` from the environment.

Owns where settings come from, and messages that name the line, the mistake and the nearest known name.
What the settings mean is in `node.config`. Also renders the reference page and the safe view for `config show`.
Called by the command line and by every process at its start.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit, urlunsplit

import msgspec

from node.config import SECTIONS, Config, ConfigError, check

FILE_NAME = "allmende.toml"
ENV_PREFIX = "ALLMENDE__"


class Key(msgspec.Struct, frozen=True):
    """One setting as people see it."""

    section: str
    name: str
    default: Any
    description: str
    kind: Any
    constraint: str


def section_type(section: str) -> type[msgspec.Struct]:
    """The Struct behind `[section]`."""
    found: type[msgspec.Struct] = get_type_hints(Config)[section]
    return found


def all_keys() -> Iterator[Key]:
    """Every setting there is, in the order of the reference page."""
    for section in SECTIONS:
        struct = section_type(section)
        hints = get_type_hints(struct, include_extras=True)
        for field in msgspec.structs.fields(struct):
            kind, meta = get_args(hints[field.name])
            yield Key(section, field.name, field.default, meta.description or "", kind, _constraint(meta))


def load(data_dir: Path, file: Path | None = None, environment: Mapping[str, str] | None = None) -> Config:
    """The settings for `data_dir`.

    Raises: ConfigError with a sentence for the terminal.
    """
    path = file or data_dir / FILE_NAME
    text = ""
    if file is not None or path.exists():
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}") from None
    tree = _parse(path, text)
    places = {f"{section}.{name}": _line(path, text, section, name) for section, name in _names(tree)}
    _overlay(tree, places, os.environ if environment is None else environment)
    parts: dict[str, Any] = {
        section: _section(section, tree.get(section, {}), places) for section in SECTIONS
    }
    config = Config(data_dir=data_dir.absolute(), file=path.absolute() if text else None, **parts)
    check(config)
    return config


def written_origin(path: Path) -> str:
    """The origin that stands in a file `load` has accepted; empty when none stands there."""
    origin: str = tomllib.loads(path.read_text("utf-8")).get("node", {}).get("origin", "")
    return origin


def _parse(path: Path, text: str) -> dict[str, dict[str, Any]]:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None
    for section, values in tree.items():
        if section not in SECTIONS:
            line = (
                _line(path, text, section, "") if isinstance(values, dict) else _line(path, text, "", section)
            )
            hint = _nearest(section, SECTIONS)
            owner = next((key.section for key in all_keys() if key.name == section), None)
            if not isinstance(values, dict) and owner:
                hint = f" It belongs into the section [{owner}]."
            raise ConfigError(f"{line}: there is no section [{section}].{hint}")
        if not isinstance(values, dict):
            raise ConfigError(f"{_line(path, text, '', section)}: {section} is a section; write [{section}].")
    return tree


def _overlay(tree: dict[str, dict[str, Any]], places: dict[str, str], environment: Mapping[str, str]) -> None:
    known = {(key.section, key.name): key for key in all_keys()}
    for variable, raw in environment.items():
        if not variable.startswith(ENV_PREFIX):
            continue
        section, _, name = variable.removeprefix(ENV_PREFIX).lower().partition("__")
        key = known.get((section, name))
        if key is None:
            names = [f"{ENV_PREFIX}{s}__{n}".upper() for s, n in known]
            raise ConfigError(f"The environment variable {variable} is not known.{_nearest(variable, names)}")
        tree.setdefault(section, {})[name] = _from_text(key, raw)
        places[f"{section}.{name}"] = f"The environment variable {variable}"


def _from_text(key: Key, raw: str) -> Any:
    if key.kind is str:
        return raw
    if key.kind is bool:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
            raw.lower(), raw
        )
    if get_origin(key.kind) is tuple:
        return [part.strip() for part in raw.split(",") if part.strip()]
    try:
        return key.kind(raw)
    except ValueError:
        return raw


def _section(section: str, values: dict[str, Any], places: Mapping[str, str]) -> msgspec.Struct:
    struct = section_type(section)
    names = [field.name for field in msgspec.structs.fields(struct)]
    for name in values:
        if name not in names:
            where = places.get(f"{section}.{name}", FILE_NAME)
            owner = next((key.section for key in all_keys() if key.name == name), None)
            hint = f" It belongs into [{owner}]." if owner else _nearest(name, names)
            raise ConfigError(f"{where}: [{section}] has no key {name}.{hint}")
    try:
        return msgspec.convert(values, struct)
    except msgspec.ValidationError as error:
        found = re.search(r"`\$\.(\w+)", str(error))
        name = found.group(1) if found else ""
        where = places.get(f"{section}.{name}", FILE_NAME)
        reason = re.sub(r" - at `.*", "", str(error))
        raise ConfigError(f"{where}: [{section}] {name}: {reason}.") from None


def _names(tree: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for section, values in tree.items():
        for name in values:
            yield section, name


def _line(path: Path, text: str, section: str, name: str) -> str:
    """`file, line N` of a key (or of the section, when `name` is empty), found by reading as people do."""
    inside = section == ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([\w\"'.-]+)\s*\]", line)
        if header:
            inside = header.group(1).strip("\"'") == section
            if inside and not name:
                return f"{path}, line {number}"
        elif name:
            plain = inside and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[=.]", line)
            dotted = section and re.match(rf"\s*{re.escape(section)}\s*\.\s*{re.escape(name)}\s*=", line)
            if plain or dotted:
                return f"{path}, line {number}"
    return str(path)


def _nearest(name: str, known: list[str] | tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else f" Known are: {', '.join(known)}."


def _constraint(meta: msgspec.Meta) -> str:
    if meta.ge is not None and meta.le is not None:
        return f"{meta.ge:,} to {meta.le:,}".replace(",", " ")
    return f"at least {meta.ge}" if meta.ge is not None else ""


def toml_value(value: Any) -> str:
    """`value` as TOML, for files we write and pages we print."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(toml_value(part) for part in value) + "]"
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return str(value)


def reference() -> str:
    """The text of `docs/configure.md`."""
    lines = [
        "# Settings",
        "",
        "<!-- Made by `./allmende config docs`; a test keeps it fresh. Change node/config.py instead. -->",
        "",
        f"Allmende reads `{FILE_NAME}` in its data directory (or the file named with `--config`). Every key can also",
        f"be given as an environment variable, `{ENV_PREFIX}SECTION__KEY`, which wins over the file; lists are",
        "separated by commas. Unknown names are refused. `./allmende config check` reads everything and says what is",
        "wrong; `./allmende config show` prints what holds, without secrets. Paths that are not absolute are taken",
        "from the data directory.",
    ]
    previous = ""
    for key in all_keys():
        if key.section != previous:
            about = (section_type(key.section).__doc__ or "").strip()
            lines += [
                "",
                f"## [{key.section}]",
                "",
                about,
                "",
                "| key | default | meaning |",
                "|---|---|---|",
            ]
            previous = key.section
        limits = f" ({key.constraint})" if key.constraint else ""
        lines.append(f"| `{key.name}` | `{toml_value(key.default)}` | {key.description}{limits} |")
    return "\n".join(lines) + "\n"


def show(config: Config) -> str:
    """What holds, as TOML, with passwords hidden."""
    lines = [f"# data directory: {config.data_dir}"]
    for section in SECTIONS:
        values = getattr(config, section)
        lines += ["", f"[{section}]"]
        for field in msgspec.structs.fields(values):
            value = getattr(values, field.name)
            lines.append(
                f"{field.name} = {toml_value(hide_password(value) if isinstance(value, str) else value)}"
            )
    return "\n".join(lines) + "\n"


def hide_password(url: str) -> str:
    """`url` with its password replaced by ***; other text stays as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if "@" not in parts.netloc or parts.password is None:
        return re.sub(r"([?&]password=)[^&]*", r"\1***", url)
    account, _, server = parts.netloc.rpartition("@")
    hidden = f"{account.partition(':')[0]}:***@{server}"
    return urlunsplit(parts._replace(netloc=hidden))
