"""From the one hue a house picks to shades that are safe to read, light and dark.

Shades are darkened or lightened until the contrast ratios of the design hold against every ground
they stand on; a hue that cannot be read cannot come out of here. Pure; the stylesheet of a hue is
served by node.web.static, and the settings page shows the shades before they are saved.
"""

import colorsys
from functools import cache
from typing import Final

import msgspec

DEFAULT_HUE: Final = 175
MIN_TEXT: Final = 7.0  # WCAG AAA for text, on paper, card and as a button's label
MIN_ON_TINT: Final = 6.0
_WHITE: Final = "#ffffff"
_LIGHT_GROUNDS: Final = ("#FBF8F3", "#FFFFFF")
_DARK_GROUNDS: Final = ("#161A19", "#1F2423")


class Shades(msgspec.Struct, frozen=True):
    """Colours of one scheme as `#rrggbb`: links and buttons, text on buttons, the pale ground."""

    brand: str
    on_brand: str
    tint: str


class Palette(msgspec.Struct, frozen=True):
    """The shades of a hue for both schemes."""

    light: Shades
    dark: Shades


_DEFAULT: Final = Palette(
    Shades("#0F5C55", _WHITE, "#DDEEEA"),
    Shades("#7FD1C4", "#0B2B28", "#17403B"),
)


@cache
def palette(hue: int) -> Palette:
    """The shades of a hue (degrees; taken modulo 360). The default hue is drawn by hand."""
    hue %= 360
    return _DEFAULT if hue == DEFAULT_HUE else Palette(_light(hue), _dark(hue))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours. Spec: WCAG 2.2, "contrast ratio"."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def stylesheet(hue: int) -> str:
    """The few lines of CSS that put a hue over the default one."""
    shades = palette(hue)
    return (
        f":root{{{_variables(shades.light)}}}"
        f"@media(prefers-color-scheme:dark){{:root{{{_variables(shades.dark)}}}}}"
    )


def _variables(shades: Shades) -> str:
    return f"--brand:{shades.brand};--on-brand:{shades.on_brand};--tint:{shades.tint}"


def _light(hue: int) -> Shades:
    tint = _colour(hue, 0.36, 0.90)
    for step in range(60, 4, -1):
        brand = _colour(hue, 0.72, step / 100)
        if _reads(brand, (*_LIGHT_GROUNDS, _WHITE), tint):
            return Shades(brand, _WHITE, tint)
    return _DEFAULT.light  # unreachable: near black reads on every light ground


def _dark(hue: int) -> Shades:
    tint, on_brand = _colour(hue, 0.45, 0.15), _colour(hue, 0.55, 0.09)
    for step in range(50, 96):
        brand = _colour(hue, 0.50, step / 100)
        if _reads(brand, (*_DARK_GROUNDS, on_brand), tint):
            return Shades(brand, on_brand, tint)
    return _DEFAULT.dark  # unreachable: near white reads on every dark ground


def _reads(brand: str, grounds: tuple[str, ...], tint: str) -> bool:
    return all(contrast(brand, ground) >= MIN_TEXT for ground in grounds) and (
        contrast(brand, tint) >= MIN_ON_TINT
    )


def _colour(hue: int, saturation: float, lightness: float) -> str:
    parts = colorsys.hls_to_rgb(hue / 360, lightness, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
