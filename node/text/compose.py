"""Turn what somebody typed into the HTML of a post.

Markdown of the plain kind (paragraphs, emphasis, lists, quotes, code, links; no images, no raw
HTML, a heading is a bold line), then bleach cleans it and makes links of mentions, hashtags and
addresses, in the markup other servers look for. Called by the posts and actors services.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import bleach
import msgspec
from bleach.html5lib_shim import Filter  # type: ignore[attr-defined]  # the stubs leave it out
from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from node.text import clean, marks

MAX_SOURCE_CHARS: Final = 20_000
_LINK_SHOWN_CHARS: Final = 30
_TAGS: Final = frozenset(
    {"p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "a", "pre", "code", "del"}
)
_UNTOUCHED: Final = frozenset({"a", "pre", "code"})
_Attributes = dict[tuple[None, str], str]
_Html5Token = dict[str, Any]


class Composed(msgspec.Struct, frozen=True):
    """A text made ready. `mentions` are handles that became links, `hashtags` are normalised,
    `links` are addresses in order of appearance."""

    html: str
    mentions: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def _bold_line(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return "<p><strong>" if tokens[index].nesting == 1 else "</strong></p>\n"


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False})
    parser.enable("strikethrough")
    parser.disable(["image", "html_block", "html_inline", "hr", "lheading", "reference", "code"])
    parser.add_render_rule("heading_open", _bold_line)
    parser.add_render_rule("heading_close", _bold_line)
    parser.add_render_rule("s_open", lambda *_: "<del>")
    parser.add_render_rule("s_close", lambda *_: "</del>")
    return parser


_parser = _make_parser()
# Only addresses that say http(s); "so.gehts" is not a link, and e-mail addresses stay text.
_addresses = LinkifyIt({}, {"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
for _scheme in ("ftp:", "//", "mailto:"):
    _addresses.add(_scheme, None)


def parse(source: str) -> list[Token]:
    """The Markdown tokens of a source, for looking without making HTML."""
    return _parser.parse(_readied(source))


def _readied(source: str) -> str:
    text = clean.tidy(source[:MAX_SOURCE_CHARS].replace("\r\n", "\n").replace("\r", "\n"))
    # Markdown calls a "#word" at the start of a line text already; "＃" is what Japanese keyboards type.
    return text.replace("＃", "#")


def compose(
    source: str,
    *,
    mentions: Mapping[str, str] | None = None,
    tag_url: Callable[[str], str] = lambda tag: f"/tags/{tag}",
) -> Composed:
    """Make a post's HTML.

    `mentions` maps a handle (as `find_mentions` gives it) to the address of the person's page;
    others stay text. `tag_url` gives the address of a normalised hashtag.
    """
    found = _Found(dict(mentions or {}), tag_url)
    cleaner = bleach.Cleaner(
        tags=_TAGS,
        attributes={"a": ["href"], "ol": ["start"]},
        protocols={"http", "https", "mailto"},
        strip=True,
        filters=[found.filter],
    )
    html = cleaner.clean(_parser.render(_readied(source))).replace(">\n<", "><").strip()
    return Composed(html, tuple(found.mentions), tuple(found.hashtags), tuple(found.links))


def find_mentions(source: str) -> list[str]:
    """Handles somebody mentions, in order, each once; not those inside code or links."""
    return list(dict.fromkeys(handle for text in _readable(source) for handle in marks.mentions_in(text)))


def find_hashtags(source: str) -> list[str]:
    """Normalised hashtags of a text, in order, each once; not those inside code or links."""
    return list(dict.fromkeys(tag for text in _readable(source) for tag in marks.hashtags_in(text)))


def _readable(source: str) -> Iterator[str]:
    """The texts of a source in which mentions and hashtags count."""
    for block in parse(source):
        if block.type == "inline":
            yield from _texts(block.children or [])


def _texts(tokens: list[Token]) -> Iterator[str]:
    within_link = 0
    for token in tokens:
        if token.type == "link_open":
            within_link += 1
        elif token.type == "link_close":
            within_link -= 1
        elif token.type == "text" and not within_link:
            yield token.content


class _Found:
    """Collects what one text names while its links are made."""

    def __init__(self, known: dict[str, str], tag_url: Callable[[str], str]) -> None:
        self.known = {handle.lower(): url for handle, url in known.items()}
        self.tag_url = tag_url
        self.mentions: dict[str, None] = {}
        self.hashtags: dict[str, None] = {}
        self.links: dict[str, None] = {}

    def filter(self, source: Any) -> "_LinkMaker":
        """The filter bleach runs over its cleaned tokens."""
        return _LinkMaker(source, self)


class _LinkMaker(Filter):  # type: ignore[misc]
    """Makes links of text between the tags that cleaning left."""

    def __init__(self, source: Any, found: _Found) -> None:
        super().__init__(source)
        self.found = found

    def __iter__(self) -> Iterator[_Html5Token]:
        untouched = 0
        for token in _joined(super().__iter__()):
            kind, name = token["type"], token.get("name")
            if kind == "StartTag" and name in _UNTOUCHED:
                untouched += 1
            elif kind == "EndTag" and name in _UNTOUCHED:
                untouched -= 1
            if kind == "StartTag" and name == "a":
                self._settle_link(token)
            if kind == "Characters" and not untouched:
                yield from self._texts(token["data"])
            else:
                yield token

    def _settle_link(self, token: _Html5Token) -> None:
        """A link somebody wrote in Markdown: only to a safe address, and followed at one's own wish."""
        address = token["data"].get((None, "href"), "")
        if clean.is_safe_link(address):
            token["data"] = {(None, "href"): address, (None, "rel"): clean.REL}
            self.found.links[address] = None
        else:
            token["data"] = {}

    def _texts(self, text: str) -> Iterator[_Html5Token]:
        position = 0
        for match in _addresses.match(text) or []:
            if clean.is_safe_link(match.url):
                yield from self._marks(text[position : match.index])
                self.found.links[match.url] = None
                yield from _address(match.url)
                position = match.last_index
        yield from self._marks(text[position:])

    def _marks(self, text: str) -> Iterator[_Html5Token]:
        position = 0
        matches = [*marks.MENTION.finditer(text), *marks.HASHTAG.finditer(text)]
        for match in sorted(matches, key=lambda one: one.start()):
            link = self._mention(match) if match.re is marks.MENTION else self._hashtag(match)
            if link and match.start() >= position:
                yield from _characters(text[position : match.start()])
                yield from link
                position = match.end()
        yield from _characters(text[position:])

    def _mention(self, match: Any) -> list[_Html5Token]:
        handle = marks.handle_of(match)
        url = self.found.known.get(handle, "")
        if not clean.is_safe_link(url):
            return []
        self.found.mentions[handle] = None
        link = _element(
            "a", {"href": url, "class": "u-url mention"}, "@", _element("span", {}, match.group(1))
        )
        return _element("span", {"class": "h-card", "translate": "no"}, link)

    def _hashtag(self, match: Any) -> list[_Html5Token]:
        word = match.group(1)
        if not marks.is_hashtag(word):
            return []
        tag = marks.normalise_hashtag(word)
        self.found.hashtags[tag] = None
        attributes = {"href": self.found.tag_url(tag), "class": "mention hashtag", "rel": "tag"}
        return _element("a", attributes, "#", _element("span", {}, word))


def _address(url: str) -> list[_Html5Token]:
    """An address in Mastodon's markup: the scheme and a long tail can be hidden, the host never."""
    scheme, _, rest = url.partition("://")
    start = f"{scheme}://"
    if rest.startswith("www."):
        start, rest = start + "www.", rest.removeprefix("www.")
    most = max(_LINK_SHOWN_CHARS, len(rest.split("/")[0]))
    shown, hidden = rest[:most], rest[most:]
    return _element(
        "a",
        {"href": url, "rel": clean.REL, "translate": "no"},
        _element("span", {"class": "invisible"}, start),
        _element("span", {"class": "ellipsis"} if hidden else {}, shown),
        _element("span", {"class": "invisible"}, hidden),
    )


def _element(
    name: str, attributes: Mapping[str, str], *children: "str | list[_Html5Token]"
) -> list[_Html5Token]:
    data = {(None, key): value for key, value in attributes.items()}
    inside: list[_Html5Token] = []
    for child in children:
        inside += _characters(child) if isinstance(child, str) else child
    opening = {"type": "StartTag", "namespace": None, "name": name, "data": data}
    return [opening, *inside, {"type": "EndTag", "namespace": None, "name": name, "data": {}}]


def _characters(text: str) -> list[_Html5Token]:
    return [{"type": "Characters", "data": text}] if text else []


def _joined(tokens: Any) -> Iterator[_Html5Token]:
    """Neighbouring texts as one: bleach splits at `&`, which would cut addresses in two."""
    pending = ""
    for token in tokens:
        if token["type"] in ("Characters", "SpaceCharacters"):
            pending += token["data"]
            continue
        if token["type"] == "Entity":
            pending += {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "nbsp": "\xa0"}.get(token["name"], "")
            continue
        if pending:
            yield {"type": "Characters", "data": pending}
            pending = ""
        yield token
    if pending:
        yield {"type": "Characters", "data": pending}
