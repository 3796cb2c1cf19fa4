"""Make foreign HTML safe to show, and tell its plain text.

The one allow-list of the house, applied by nh3; bleach is the oracle in the tests and must leave
every result unchanged. Cleaned HTML is stored, and may be cleaned again when shown: cleaning twice
changes nothing. All patterns are linear in their input, and what is nested too deep is shown
as plain text, so that hostile input costs no more than its length.
"""

import html
import re
from typing import Final

import nh3

MAX_HTML_CHARS: Final = 100_000
MAX_TANGLED_CHARS: Final = MAX_HTML_CHARS // 5  # escaped, a letter may need five
MAX_DEPTH: Final = 100
MAX_TAGS: Final = 10_000
# Most combining marks piled on one letter; no script in living use needs more.
MAX_MARKS: Final = 4

TAGS: Final = frozenset(
    [
        "p",
        "br",
        "span",
        "a",
        "del",
        "s",
        "pre",
        "code",
        "em",
        "strong",
        "b",
        "i",
        "u",
        "ul",
        "ol",
        "li",
        "blockquote",
        "ruby",
        "rt",
        "rp",
    ]
)
CLASSES: Final = frozenset({"h-card", "u-url", "mention", "hashtag", "ellipsis", "invisible", "quote-inline"})
ATTRIBUTES: Final = {
    "a": frozenset({"href", "translate"}),
    "span": frozenset({"translate"}),
    "ol": frozenset({"start", "reversed"}),
    "li": frozenset({"value"}),
}
REL: Final = "nofollow noopener noreferrer"
# Their text is not meant for readers, so it goes with them.
_UNREAD: Final = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "iframe",
        "object",
        "embed",
        "svg",
        "math",
        "head",
        "title",
        "textarea",
        "select",
        "xmp",
    ]
)
_EMPTY: Final = frozenset(
    ["br", "hr", "img", "input", "meta", "link", "wbr", "area", "base", "col", "embed", "source", "track"]
)
_CLOSED_BY_OTHERS: Final = frozenset({"p", "li", "dd", "dt", "option", "td", "th", "tr", "rt", "rp"})

# http(s) with a host and without userinfo (`https://good@evil/` fools the eye), or mailto.
_LINK: Final = re.compile(
    r"(?:https?://[^\s/?#@\\<>\"']{1,260}(?:[/?#][^\s\\<>\"]{0,8000})?|mailto:[^\s<>\"?#]{3,320})",
    re.IGNORECASE,
)
# NUL and other controls; bidi embeddings, overrides and isolates, which turn text around the reader;
# invisible fillers. LRM, RLM, ZWJ and ZWNJ stay: Arabic, Persian, Hindi and emoji need them.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e001f\ud800-\udfff]"
)
_HALF: Final = re.compile("[\ud800-\udfff]")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PILE: Final = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILED: Final = re.compile(f"([{_PILE}]{{{MAX_MARKS}}})[{_PILE}]+")
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_PRE_START: Final = re.compile(r"<pre>\n+")  # a browser leaves out the first; so would the next cleaning
_FILTERED: Final = ("href=", "translate=", "start=", "value=")
_HEADING_START: Final = re.compile(r"<h[1-6](?=[\s>])[^<>]{0,500}>", re.IGNORECASE)
_HEADING_END: Final = re.compile(r"</h[1-6]\s{0,9}>", re.IGNORECASE)
_BREAK: Final = re.compile(r"<br\s{0,9}/?>", re.IGNORECASE)
_BLOCK_END: Final = re.compile(r"</(?:p|div|li|blockquote|pre|ul|ol|h[1-6]|tr|dd|dt)\s{0,9}>", re.IGNORECASE)
_ANY_TAG: Final = re.compile(r"<[^<>]{0,10000}>")
_BLANK_LINES: Final = re.compile(r"\n[ \t]*\n[ \t\n]*")
# A link's hidden parts may hide nothing but the scheme before the host and the tail after it.
_LINK_START: Final = re.compile(r'<a\b[^<>]*\bhref="https?://(?:www\.)?([^/?#"]+)[^"]*"[^<>]*>')
_HIDING: Final = re.compile(r' class="(?:invisible|[a-z -]*\binvisible\b[a-z -]*)"')


def is_safe_link(address: str) -> bool:
    """Whether an address may stand behind a link: http(s) without userinfo, or mailto."""
    return _LINK.fullmatch(address) is not None


def tidy(text: str) -> str:
    """Text without controls, direction overrides, invisible fillers and piles of marks."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():  # of all that only controls can be in it
        return _CONTROL.sub("", text)
    return _PILED.sub(r"\1", _INVISIBLE.sub("", text))


def one_line(text: str, most: int) -> str:
    """A name or title: tidy, on one line, at most `most` characters."""
    return " ".join(tidy(text).split())[:most].rstrip()


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        address = _INVISIBLE.sub("", value.strip())
        return address if is_safe_link(address) else None
    if name in ("start", "value"):
        return value if value.isascii() and value.isdigit() and len(value) < 8 else None
    if name == "translate":
        return value if value in ("yes", "no") else None
    return value


_cleaner = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(_UNREAD - {"head", "select"}),
    # The star says: none on every tag; left out it would mean `lang` and `title`.
    attributes={"*": set(), **{tag: set(names) for tag, names in ATTRIBUTES.items()}},
    attribute_filter=_keep_attribute,
    allowed_classes={"a": set(CLASSES), "span": set(CLASSES), "p": {"quote-inline"}},
    link_rel=REL,
    url_schemes={"http", "https", "mailto"},
    strip_comments=True,
)
_stripper = nh3.Cleaner(
    tags=set(), attributes={}, link_rel=None, clean_content_tags=set(_UNREAD - {"head", "select"})
)


def clean_html(remote_html: str) -> str:
    """Foreign HTML reduced to what a post may hold; ready to be shown without escaping.

    Spec: docs/federate.md "HTML"; threats HTM-01, 05, 09, 11, 12 and RES-14, 16.
    """
    source = _utf8(remote_html[:MAX_HTML_CHARS]).replace("\r\n", "\n").replace("\r", "\n")
    if "<" not in source and "&" not in source:
        return html.escape(tidy(source), quote=False).strip()
    tangled, foreign = _look(source)
    if tangled:
        return paragraphs(_strip_tags(source)[:MAX_TANGLED_CHARS])
    if "<h" in source or "<H" in source:
        source = _HEADING_END.sub("</strong></p>", _HEADING_START.sub("<p><strong>", source))
    # nh3 writes a no-break space by name; both spellings would be one text stored in two ways.
    cleaned = _cleaner.clean(source)
    if foreign or any(cleaned.count(mark) != source.count(mark) for mark in _FILTERED):
        # What stood inside a `<button>` may not stand where the button is gone: a browser would read
        # the result as another tree than was cleaned. One more time, and it is the tree it looks like.
        cleaned = _cleaner.clean(cleaned)
    cleaned = _PRE_START.sub("<pre>", cleaned.replace("&nbsp;", "\u00a0").replace(' class=""', ""))
    return _show_hosts(tidy(cleaned)).strip()


def plain_text(source_html: str) -> str:
    """The text of an HTML fragment, with line breaks where paragraphs end; not HTML any more.

    What was escaped markup comes out as text and must be escaped again when shown (HTM-11).
    """
    source = _utf8(source_html[:MAX_HTML_CHARS])
    if "<" not in source:
        return tidy(html.unescape(source)).strip()
    source = _BLOCK_END.sub(lambda match: match.group() + "\n\n", _BREAK.sub("\n", source))
    bare = _strip_tags(source) if _look(source)[0] else html.unescape(_stripper.clean(source))
    return _BLANK_LINES.sub("\n\n", tidy(bare)).strip()


def paragraphs(text: str) -> str:
    """Plain text as HTML paragraphs, everything in it escaped."""
    blocks = [block.strip() for block in _BLANK_LINES.split(tidy(text)) if block.strip()]
    return "".join(f"<p>{html.escape(block, quote=False)}</p>".replace("\n", "<br>") for block in blocks)


def _utf8(text: str) -> str:
    """Without half letters (lone surrogates), which can be neither parsed nor stored."""
    return text if text.isascii() else _HALF.sub("", text)


def _look(source: str) -> tuple[bool, bool]:
    """(too many or too deeply nested tags, tags we do not keep); counted, not parsed, so it costs one pass.

    Only what was opened can be closed: `<code></b>` again and again is a deep nest all the same.
    """
    depth = count = 0
    open_tags: dict[str, int] = {}
    foreign = False
    for closing, name in _TAG.findall(source):
        count += 1
        tag = name.lower()
        foreign = foreign or tag not in TAGS
        if tag in _EMPTY or tag in _CLOSED_BY_OTHERS:
            continue
        if not closing:
            depth += 1
            open_tags[tag] = open_tags.get(tag, 0) + 1
        elif open_tags.get(tag, 0):
            depth -= 1
            open_tags[tag] -= 1
        if depth > MAX_DEPTH or count > MAX_TAGS:
            return True, foreign
    return False, foreign


def _strip_tags(source: str) -> str:
    return html.unescape(_ANY_TAG.sub("", source))


def _show_hosts(cleaned: str) -> str:
    """Take `invisible` from links in which it would hide the host, and from all text outside links.

    Other servers hide `https://` and the tail of long addresses with it; used on the host it makes
    one address look like another (HTM-09).
    """
    if "invisible" not in cleaned:
        return cleaned
    pieces: list[str] = []
    rest = cleaned
    while True:
        start, opening, after = rest.partition("<a ")
        pieces.append(_HIDING.sub("", start))
        if not opening:
            return "".join(pieces)
        inside, closing, rest = after.partition("</a>")
        link = opening + inside
        pieces.append((link if _shows_its_host(link) else _HIDING.sub("", link)) + closing)


def _shows_its_host(link: str) -> bool:
    start = _LINK_START.match(link)
    if start is None:
        return False
    shown = re.sub(r'<span class="invisible">[^<]*</span>', "\0", link[start.end() :])
    text = html.unescape(_ANY_TAG.sub("", shown))
    visible = text.strip("\0").removeprefix("https://").removeprefix("http://").removeprefix("www.")
    host = start.group(1).lower()
    return visible.lower() == host or visible.lower().startswith(
        (host + "/", host + "?", host + "#", host + "\0")
    )
