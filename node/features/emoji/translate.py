"""What another node calls an emoji, read into one form: the emoji itself, or `:shortcode:` with a picture. Pure.

Spec: FEP-c0e0; Misskey's `Like` with `content` arrives as the same (`federation.vocab.quirks`).
"""

import re
import unicodedata
from typing import Final

import msgspec

from federation import vocab

_LONGEST_EMOJI: Final = 24  # code points; a family with skin tones has 11, a subdivision's flag 14
_SHORTCODE: Final = re.compile(r":([A-Za-z0-9_+.-]{1,100})(?:@[A-Za-z0-9.:-]*)?:")
_ZWJ: Final = "\u200d"  # joins two pictograms into one
_SUFFIXES: Final = frozenset("\ufe0e\ufe0f\u20e3")
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_TAGS: Final = range(0xE0020, 0xE0080)  # spell the flags of Scotland, Wales and others
_FLAG_LETTERS: Final = range(0x1F1E6, 0x1F200)
_PICTURES: Final = range(0x1F000, 0x1FB00)
_ARROWS: Final = (range(0x2190, 0x2200), range(0x25A0, 0x2600), range(0x2900, 0x2C00))
_KEYCAPS: Final = frozenset("0123456789#*")
_OTHER_PICTURES: Final = frozenset("\u203c\u2049\u3030\u303d\u2139")


class Emoji(msgspec.Struct, frozen=True):
    """An emoji and, for a shortcode, where its picture is; '' otherwise."""

    text: str
    picture_url: str = ""


def emoji_of(activity: vocab.Activity) -> Emoji | None:
    """What somebody reacted with; None for what is no emoji at all."""
    content = (activity.content or "").strip()
    shortcode = _SHORTCODE.fullmatch(content)
    if shortcode is not None:
        name = shortcode[1]
        return Emoji(f":{name}:", _picture_of(activity, name))
    return Emoji(content) if is_emoji(content) else None


def _picture_of(activity: vocab.Activity, name: str) -> str:
    for tag in activity.tags:
        if isinstance(tag, vocab.Emoji) and tag.name.strip(":").partition("@")[0] == name:
            return tag.icon_url or ""
    return ""


def is_emoji(text: str) -> bool:
    """Whether a text is exactly one pictogram, as far as can be told without a list of all of them."""
    if not 0 < len(text) <= _LONGEST_EMOJI:
        return False
    if text[0] in _KEYCAPS:
        return text[1:] in ("\u20e3", "\ufe0f\u20e3")
    bases = letters = 0
    before = ""
    for character in text:
        code = ord(character)
        if code in _FLAG_LETTERS:
            letters += 1
        elif code in _SKIN_TONES or code in _TAGS or character in _SUFFIXES or character == _ZWJ:
            if not before:
                return False
        elif not _is_picture(character):
            return False
        elif before != _ZWJ:
            bases += 1
        before = character
    return (bases, letters) in ((1, 0), (0, 2)) and before != _ZWJ


def _is_picture(character: str) -> bool:
    code = ord(character)
    return (
        code in _PICTURES  # also those newer than this Python's tables
        or character in _OTHER_PICTURES
        or unicodedata.category(character) == "So"
        or any(code in arrows for arrows in _ARROWS)
    )
