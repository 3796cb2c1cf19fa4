# ruff: noqa: E501  (a row of a table reads best as one line)
"""Foreign HTML is made safe, typed text is made into what other servers understand."""

import re

import bleach
import lxml.html
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.text import (
    clean,
    clean_html,
    compose,
    find_hashtags,
    find_mentions,
    is_safe_link,
    marks,
    normalise_hashtag,
    one_line,
    plain_text,
)


class Hostile(msgspec.Struct, frozen=True):
    """What was sent, and what must not be in the result; `kept` must be."""

    id: str
    sent: str
    gone: tuple[str, ...]
    kept: str = ""


HOSTILE = [
    Hostile("HTM-01 script", "<p>a<script>alert(1)</script>b</p>", ("script", "alert"), "<p>ab</p>"),
    Hostile("HTM-01 form", '<form action=/x><input name=q><button>Go</button></form>', ("<form", "<input", "<button"), "Go"),
    Hostile("HTM-01 iframe", '<iframe src="https://evil.test"></iframe><object data=x></object>', ("iframe", "object")),
    Hostile("HTM-01 svg", "<svg onload=alert(1)><circle/></svg>", ("svg", "onload", "alert")),
    Hostile("HTM-01 meta", '<meta http-equiv=refresh content="0;url=//evil">', ("meta", "evil")),
    Hostile("HTM-01 style", "<style>body{display:none}</style><p style='position:fixed'>x</p>", ("style", "fixed"), "<p>x</p>"),
    Hostile("HTM-01 handler", "<p onclick=alert(1) id=x>y</p>", ("onclick", "alert", "id="), "<p>y</p>"),
    Hostile("HTM-01 mutation", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", ("<img", "onerror=alert(1)>")),
    Hostile("HTM-02 name", "<img src=x onerror=1>:cat:", ("<img", "onerror"), ":cat:"),
    Hostile("HTM-03 preview", '<blockquote><script src="https://e.test/o.js"></script>q</blockquote>', ("script",), "<blockquote>q"),
    Hostile("HTM-05 javascript", '<a href="javascript:alert(1)">x</a>', ("javascript", "href")),
    Hostile("HTM-05 tab in scheme", '<a href="JaVa\tscript:alert(1)">x</a>', ("cript:", "href")),
    Hostile("HTM-05 entity in scheme", '<a href="java&#115;cript:alert(1)">x</a>', ("script", "href")),
    Hostile("HTM-05 data", '<a href="data:text/html,x">x</a>', ("data:", "href")),
    Hostile("HTM-05 vbscript", '<a href="vbscript:x">x</a>', ("vbscript", "href")),
    Hostile("HTM-05 protocol-relative", '<a href="//evil.test/x">x</a>', ("evil", "href")),
    Hostile("HTM-05 relative", '<a href="/sign-out">x</a>', ("sign-out", "href")),
    Hostile("HTM-05 userinfo", '<a href="https://good.test@evil.test/">x</a>', ("evil", "href")),
    Hostile("HTM-05 backslash", '<a href="https://good.test\\@evil.test/">x</a>', ("evil", "href")),
    Hostile("HTM-11 stripping", '<a href="weird:">&lt;img src=x onerror=1&gt;</a>', ("<img", "href"), "&lt;img src=x onerror=1&gt;"),
    Hostile("HTM-12 classes", '<span class="h-card invisible notice top">x</span>', ("notice", "top", "invisible", "h-card"), "<span>x"),
    Hostile("HTM-12 bidi", "<p>a\u202egnp.exe\u2066b</p>", ("\u202e", "\u2066"), "<p>agnp.exeb</p>"),
    Hostile("HTM-12 bidi entity", "<p>a&#x202e;b</p>", ("\u202e", "202e"), "<p>ab</p>"),
    Hostile("HTM-12 zero width", "<p>pay\u200bpal\ufeff\u2060</p>", ("\u200b", "\ufeff", "\u2060"), "<p>paypal</p>"),
    Hostile("HTM-12 NUL", "<p>a\x00b&#0;c</p>", ("\x00",)),
    Hostile("HTM-12 target", '<a href="https://e.test/" target=_blank rel=opener>x</a>', ("target", 'rel="opener'), clean.REL),
    Hostile("HTM-13 svg picture", '<img src="https://e.test/x.svg"><image href="x.svg">', ("svg", "img", "image")),
]  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.id)
def test_hostile_html_is_reduced_to_the_allow_list(case: Hostile) -> None:
    cleaned = clean_html(case.sent)
    for piece in case.gone:
        assert piece not in cleaned
    assert case.kept in cleaned


def test_piled_up_marks_are_cut_to_a_few() -> None:
    cleaned = clean_html("<p>z" + "\u0301" * 10_000 + "</p>")
    assert cleaned.count("\u0301") == clean.MAX_MARKS


def test_a_heading_becomes_a_bold_paragraph() -> None:
    assert clean_html("<h2 class='x'>Name</h2><p>Text</p>") == "<p><strong>Name</strong></p><p>Text</p>"


def test_text_without_any_tag_stays_text() -> None:
    assert clean_html("3 > 2 “quoted”") == "3 &gt; 2 “quoted”"


def test_a_link_that_hides_its_host_is_shown_whole() -> None:
    """HTM-09: `invisible` may hide the scheme and the tail, never the host."""
    honest = (
        '<a href="https://e.test/a/b"><span class="invisible">https://</span>'
        '<span class="ellipsis">e.test/a</span><span class="invisible">/b</span></a>'
    )
    spoof = '<a href="https://evil.test/"><span class="invisible">https://evil.test/</span>good.test</a>'
    beside = '<a href="https://evil.test/">good.test<span class="invisible">.evil.test</span></a>'
    assert clean_html(honest).count("invisible") == 2
    assert "invisible" not in clean_html(spoof)
    assert "invisible" not in clean_html(beside)
    assert "invisible" not in clean_html('<p><span class="invisible">system notice</span></p>')


def test_markup_that_other_servers_send_survives() -> None:
    sent = (
        '<p><span class="h-card" translate="no"><a href="https://peer.example/@bob" class="u-url mention">@<span>bob</span>'
        '</a></span> hi <a href="https://n.example/tags/x" class="mention hashtag">#<span>x</span></a><br>'
        '<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby></p><ol start="3"><li value="4">x</li></ol><pre><code>1 &lt; 2</code></pre>'
    )
    tree = lxml.html.fragment_fromstring(clean_html(sent), create_parent="div")
    assert [link.get("class") for link in tree.iter("a")] == ["u-url mention", "mention hashtag"]
    assert tree.find(".//ol").get("start") == "3"
    assert tree.find(".//rt").text == "kan"
    assert tree.find(".//code").text == "1 < 2"


_pieces = st.one_of(
    st.sampled_from(
        ["<p>", "</p>", "<b>", "</b>", "<a href='https://e.test/x'>", "<a href=javascript:x>", "</a>", "<script>", "</script>",
         "<ul><li>", "<span class='mention x'>", "<svg>", "<style>", "<!--", "-->", "<h1>", "</h1>", "&lt;", "&#x202e;", "<",
         '"', "'", "=", "<![CDATA[", "<ol start=3>", "<math><mi>", "<template>", "<br/>", "<p", " onclick=x>", "\x00"]
    ),
    st.text(max_size=12),
)  # fmt: skip


def _attributes(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return set(value.split()) <= clean.CLASSES
    return name == "rel" or name in clean.ATTRIBUTES.get(tag, ())


def _shape(fragment: str) -> list[tuple[str, tuple[tuple[str, str], ...], str, str]]:
    tree = lxml.html.fragment_fromstring(fragment or " ", create_parent="div")
    return [
        (str(node.tag), tuple(sorted(node.attrib.items())), node.text or "", node.tail or "")
        for node in tree.iter()
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(_pieces, max_size=25).map("".join))
def test_what_nh3_lets_through_bleach_leaves_unchanged(source: str) -> None:
    cleaned = clean_html(source)
    oracle = bleach.clean(
        cleaned, tags=clean.TAGS, attributes=_attributes, protocols={"http", "https", "mailto"}, strip=True
    )
    assert _shape(oracle) == _shape(cleaned)


@settings(max_examples=200, deadline=None)
@given(st.lists(_pieces, max_size=25).map("".join))
def test_cleaning_twice_changes_nothing(source: str) -> None:
    once = clean_html(source)
    assert clean_html(once) == once


@pytest.mark.parametrize(
    "source",
    ["<b>" * 33_000, '<a href="x">' * 9_000, "<div><p>" * 20_000, "<a href" * 10_000, "<ul><li>" * 300],
    ids=["RES-16 b", "RES-16 a", "blocks", "RES-14 unfinished", "lists"],
)
def test_tangled_html_is_shown_as_plain_text(source: str) -> None:
    """RES-16: depth is counted before anything is parsed, so the result holds no deep nest."""
    cleaned = clean_html(source + "end")
    deepest = depth = 0
    for closing, name in re.findall(r"<(/?)(\w+)", cleaned):
        depth += 0 if name == "br" else -1 if closing else 1
        deepest = max(deepest, depth)
    assert deepest <= 3


def test_html_beyond_the_cap_is_cut() -> None:
    assert len(clean_html("x" * 1_000_000)) == clean.MAX_HTML_CHARS


@pytest.mark.parametrize(
    "pattern",
    [
        marks.MENTION,
        marks.HASHTAG,
        clean._LINK,
        clean._ANY_TAG,
        clean._TAG,
        clean._BREAK,
        clean._HEADING_START,
    ],
    ids=["mention", "hashtag", "link", "any tag", "tag", "break", "heading"],
)
def test_patterns_repeat_within_bounds_only(pattern: re.Pattern[str]) -> None:
    """RES-14: outside sets, no `*` or `+`: every repetition of the patterns for foreign text has an end."""
    bare = re.sub(r"\\.", "", pattern.pattern)
    bare = re.sub(r"\[[^\]]*\]", "S", bare, flags=re.DOTALL)
    assert "*" not in bare
    assert "+" not in bare


class Address(msgspec.Struct, frozen=True):
    """An address and whether it may stand behind a link."""

    text: str
    safe: bool


ADDRESSES = [
    Address("https://example.org", True), Address("http://localhost:8001/@alice", True),
    Address("https://example.org/a?b=c#d", True), Address("mailto:a@example.org", True),
    Address("javascript:alert(1)", False), Address("//evil.test", False), Address("https://a@b.test/", False),
    Address("https://", False), Address("https:evil", False), Address("/local", False), Address("", False),
    Address("https://e.test/\nx", False), Address(" https://e.test", False), Address("ftp://e.test", False),
]  # fmt: skip


@pytest.mark.parametrize("case", ADDRESSES, ids=lambda case: case.text or "empty")
def test_only_plain_web_and_mail_addresses_are_links(case: Address) -> None:
    assert is_safe_link(case.text) is case.safe


def test_plain_text_keeps_lines_and_unescapes() -> None:
    assert plain_text("<p>a<br>b</p><p>1 &lt; 2 &amp; <b>c</b></p>") == "a\nb\n\n1 < 2 & c"


def test_escaped_markup_comes_out_of_stripping_as_text() -> None:
    """HTM-11"""
    assert plain_text('<a href="weird:">&lt;img src=x onerror=1&gt;</a>') == "<img src=x onerror=1>"


def test_a_name_is_one_tidy_line() -> None:
    assert one_line("  Ann\u202e\n a\x00  b" + "c" * 100, 8) == "Ann a bc"


# --- composing ------------------------------------------------------------------------------------


def test_a_post_has_the_markup_other_servers_look_for() -> None:
    made = compose(
        "@bob@peer.example hi #seeds",
        mentions={"bob@peer.example": "https://peer.example/@bob"},
        tag_url=lambda tag: f"https://node.example/tags/{tag}",
    )
    assert made.html == (
        '<p><span class="h-card" translate="no"><a href="https://peer.example/@bob" class="u-url mention">@<span>bob</span>'
        '</a></span> hi <a href="https://node.example/tags/seeds" class="mention hashtag" rel="tag">#<span>seeds</span></a></p>'
    )
    assert (made.mentions, made.hashtags) == (("bob@peer.example",), ("seeds",))


class Typed(msgspec.Struct, frozen=True):
    """What is typed and the HTML it makes."""

    id: str
    source: str
    html: str


TYPED = [
    Typed("emphasis", "*a* **b** ~~c~~", "<p><em>a</em> <strong>b</strong> <del>c</del></p>"),
    Typed("lines and paragraphs", "a\nb\n\nc", "<p>a<br>\nb</p><p>c</p>"),
    Typed("heading", "# Title", "<p><strong>Title</strong></p>"),
    Typed("list", "- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
    Typed("quote", "> a", "<blockquote><p>a</p></blockquote>"),
    Typed("code keeps all", "`<b> @x #y`", "<p><code>&lt;b&gt; @x #y</code></p>"),
    Typed("html is text", "<b>x</b> <script>y", "<p>&lt;b&gt;x&lt;/b&gt; &lt;script&gt;y</p>"),
    Typed("a bad link stays text", "[x](javascript:y)", "<p>[x](javascript:y)</p>"),
    Typed("userinfo is no link", "[x](https://a@b.test/)", "<p><a>x</a></p>"),
    Typed("unknown mention", "@nobody", "<p>@nobody</p>"),
    Typed("number is no tag", "#1 a#b &#x; http", "<p>#1 a#b &amp;#x; http</p>"),
    Typed("mail stays text", "a@example.org", "<p>a@example.org</p>"),
    Typed("domain stays text", "so.gehts", "<p>so.gehts</p>"),
    Typed("rule stays text", "a\n\n---", "<p>a</p><p>---</p>"),
    Typed("empty", "  \n ", ""),
]


@pytest.mark.parametrize("case", TYPED, ids=lambda case: case.id)
def test_typed_text_becomes_simple_html(case: Typed) -> None:
    assert compose(case.source).html == case.html


def test_an_address_is_linked_whole_and_shows_its_host() -> None:
    url = "https://www.example.org/a/very/long/path?x=1&y=2"
    made = compose(f"see {url}, or not")
    link = lxml.html.fragment_fromstring(made.html).find("a")
    assert link.get("href") == url
    assert link.text_content() == url
    assert link.findall("span")[1].text == "example.org/a/very/long/path?x"
    assert made.links == (url,)
    assert clean_html(made.html).count("invisible") == 2


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from(["@bob", "#tag", "https://e.test/", "`", "*", "\n", "> ", "- ", "[", "](", ")", "<", "&", " "]),
                  st.text(max_size=8)), max_size=20,
    ).map("".join)
)  # fmt: skip
def test_composed_html_passes_our_own_cleaning(source: str) -> None:
    made = compose(
        source, mentions={"bob": "https://e.test/@bob"}, tag_url=lambda tag: "https://e.test/tags/t"
    )
    assert plain_text(clean_html(made.html)) == plain_text(made.html)
    assert "<script" not in made.html


class Named(msgspec.Struct, frozen=True):
    """A source and whom and what it names."""

    source: str
    mentions: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()


NAMED = [
    Named("@alice and @Bob@Peer.Example.", ("alice", "bob@peer.example")),
    Named("@a@localhost:8001!", ("a@localhost:8001",)),
    Named("(@alice) @alice", ("alice",)),
    Named("@under_score_d @dot.ted.", ("under_score_d", "dot.ted")),
    Named("`@code` [@link](https://e.test) mail@e.test https://e.test/@path", ()),
    Named("@日本", ()),
    Named("#Straße #STRASSE", (), ("strasse",)),
    Named("#日本語 #हिन्दी #ไทย #Україна #می‌خواهم", (), ("日本語", "हिन्दी", "ไทย", "україна", "می‌خواهم")),
    Named("＃日本 #1 #2026plan C# a#b ##x", (), ("日本", "2026plan")),
    Named("#one#two", (), ()),
]  # fmt: skip


@pytest.mark.parametrize("case", NAMED, ids=lambda case: case.source)
def test_mentions_and_hashtags_are_found_where_people_mean_them(case: Named) -> None:
    assert tuple(find_mentions(case.source)) == case.mentions
    assert tuple(find_hashtags(case.source)) == case.hashtags


def test_hashtags_are_one_in_every_spelling() -> None:
    assert {normalise_hashtag(tag) for tag in ("#Seeds", "ＳＥＥＤＳ", "seeds", "SEEDS")} == {"seeds"}
