"""Foreign HTML nobody would write: what comes out of cleaning is harmless, stays as it is, and is quickly made."""

from __future__ import annotations

import time
from random import Random
from typing import Final

import bleach
import lxml.html

from node.text import clean, clean_html, compose, plain_text
from tests.fuzz.findings import Findings
from tests.fuzz.mutate import LINKS, WORDS

NAMES: Final = (
    "p", "b", "a", "span", "div", "ul", "ol", "li", "h1", "h6", "script", "style", "svg", "math", "mi", "mtext", "iframe",
    "img", "form", "input", "button", "template", "noscript", "textarea", "select", "option", "table", "tr", "td",
    "title", "base", "meta", "link", "object", "embed", "video", "source", "ruby", "rt", "rp", "pre", "code", "br",
    "blockquote", "xmp", "plaintext", "listing", "frameset", "body", "html", "head", "foreignObject", "annotation-xml",
    "details", "marquee", "x-y", "a:b", "image", "keygen", "noembed", "desc", "mglyph", "malignmark", "nobr", "font",
)  # fmt: skip
ATTRIBUTES: Final = (
    "href", "src", "class", "style", "onclick", "onerror", "id", "name", "rel", "target", "translate", "start", "value",
    "reversed", "xlink:href", "srcset", "formaction", "data-x", "lang", "dir", "title", "is", "slot", "xmlns", "HREF",
)  # fmt: skip
VALUES: Final = (
    "javascript:alert(1)", "JaVa\tscript:alert(1)", "java&#10;script:x", "data:text/html,x", "vbscript:x", "//evil.example",
    "https://good@evil.example/", "https://a.example/x?a=b&c=d", "mailto:a@b.example", "mention hashtag invisible x",
    "invisible", "h-card", "u-url mention", "position:fixed", "1", "-1", "99999999999", "yes", "http:/a", "HTTPS://A.EXAMPLE",
    "https://a.example/" + "x" * 400, "\\", "'", "&quot;", "&#x22;onx=1", "<b>",
)  # fmt: skip
TEXTS: Final = (
    "<", ">", "&", "&lt;", "&#60;", "&#x202e;", "&nbsp;", "&notanentity;", "<!--", "-->", "<!-->", "--!>", "<![CDATA[",
    "]]>", "<?php", "?>", "<!DOCTYPE html>", "</", "<a", "<a href=", "='", "\x00", "\n\n", "https://a.example/x", "@amina",
    "#Thema", "```", "[x](javascript:y)", "![x](y)", "> ", "* ", "1. ", "\t",
)  # fmt: skip
TOO_LONG_S: Final = 0.8  # of the processor for 100 000 characters


def page(random: Random) -> str:
    """One odd fragment."""
    pieces: list[str] = []
    for _ in range(random.choice((1, 3, 8, 20, 60))):
        kind = random.randrange(6)
        if kind <= 2:
            pieces.append(_tag(random))
        elif kind == 3:
            pieces.append(f"</{random.choice(NAMES)}>")
        else:
            pieces.append(random.choice((*TEXTS, *WORDS, *LINKS)))
    made = "".join(pieces)
    if random.random() < 0.02:
        made *= random.choice((10, 300, 5000))
    return made[:200_000]


def _tag(random: Random) -> str:
    made = "<" + random.choice(NAMES)
    for _ in range(random.choice((0, 0, 1, 2, 4))):
        mark = random.choice(('"', "'", "", "`"))
        made += f"{random.choice((' ', '/', chr(9)))}{random.choice(ATTRIBUTES)}={mark}{random.choice(VALUES)}{mark}"
    return made + random.choice((">", ">", ">", "/>", "", " "))


def _may(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return set(value.split()) <= clean.CLASSES
    return name == "rel" or name in clean.ATTRIBUTES.get(tag, ())


def _shape(fragment: str) -> list[tuple[str, tuple[tuple[str, str], ...], str, str]]:
    tree = lxml.html.fragment_fromstring(fragment or " ", create_parent="div")
    return [(str(n.tag), tuple(sorted(n.attrib.items())), n.text or "", n.tail or "") for n in tree.iter()]


def faults(source: str) -> list[str]:
    """What is wrong with how this fragment is cleaned."""
    found = []
    began = time.process_time()
    cleaned = clean_html(source)
    text = plain_text(source)
    if time.process_time() - began > TOO_LONG_S:
        found.append("html: too slow")
    if clean_html(cleaned) != cleaned:
        found.append("html: cleaning twice changes it")
    if len(cleaned) < 20_000:
        oracle = bleach.clean(
            cleaned, tags=clean.TAGS, attributes=_may, protocols={"http", "https", "mailto"}, strip=True
        )
        if _shape(oracle) != _shape(cleaned):
            found.append("html: bleach sees something else")
    for link in lxml.html.fragment_fromstring(cleaned or " ", create_parent="div").iter("a"):
        if link.get("href") is not None and not clean.is_safe_link(link.get("href", "")):
            found.append("html: an unsafe link")
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in cleaned + text):
        found.append("html: controls are left")
    return found


def fuzz(findings: Findings, random: Random, *, until: float, most: int = 10**9) -> int:
    """Clean odd fragments until `time.monotonic()` says so; returns how many."""
    tried = 0
    while time.monotonic() < until and tried < most:
        source = page(random)
        tried += 1
        try:
            for fault in faults(source):
                findings.add(fault, source[:1000], source.encode("utf-8", "replace"))
            if tried % 5 == 0:
                compose(source[:5000].encode("utf-8", "replace").decode())
        except Exception as error:
            findings.add(
                f"html: {type(error).__name__}: {error}"[:120],
                source[:1000],
                source.encode("utf-8", "replace"),
            )
    return tried
