"""Templates and the look keep the house's promises: languages, directions, budgets, plain words."""

import gzip
import re
from pathlib import Path

import lxml.html
import pytest

from node import i18n
from node.web import assets, render
from tests.node.web import sample

TEMPLATES = i18n.templates_dir()
PAGES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
LETTERS = {name for name in PAGES if name.startswith("mail/")}  # mail programs know inline styles only
STATIC = Path(assets.__file__).with_name("static")
CSS = (STATIC / "style.css").read_text(encoding="utf-8")
# Never said to people (docs: voice); "server" only where the machine itself is meant.
_OUR_WORDS = re.compile(
    r"\b(instances?|federat(?:ed|ion|e)|actors?|inbox(?:es)?|boost(?:s|ed)?|toots?|defederat\w*)\b", re.I
)


@pytest.mark.parametrize(
    "name", sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.*"))
)
def test_every_template_can_be_read(name: str) -> None:
    if name.endswith((".html", ".txt")):
        assert render.environment().get_template(name)


@pytest.mark.parametrize("name", [name for name in PAGES if name not in LETTERS])
def test_a_template_holds_nothing_the_content_policy_forbids(name: str) -> None:
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    assert not re.search(r"<[^>{]*\sstyle\s*=", source), "inline style"
    assert not re.search(r"<[^>{]*\son[a-z]+\s*=", source), "inline handler"
    assert not re.search(r"<script(?![^>]*\ssrc=)", source), "inline script"
    assert "|safe" not in source.replace(" ", ""), "unescaped text"


@pytest.mark.parametrize("name", PAGES)
def test_every_posting_form_carries_the_token(name: str) -> None:
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    for form in re.findall(r"<form\b.*?</form>", source, flags=re.DOTALL):
        if 'method="post"' in form:
            assert "csrf" in form, form[:80]


@pytest.mark.parametrize("lang", ["en", "de", "ar", "uk"])
def test_the_sample_page_renders_in_every_language_and_direction(lang: str) -> None:
    page = lxml.html.document_fromstring(sample.sample_page(lang))
    assert (page.get("lang"), page.get("dir")) == (lang, "rtl" if lang == "ar" else "ltr")
    assert len(page.findall(".//h1")) == 1
    assert len(page.findall(".//main")) == 1
    assert page.find(".//a[@class='skip']").get("href") == "#main"
    ids = [node.get("id") for node in page.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    for field in page.xpath("//input[not(@type='hidden')]|//textarea|//select"):
        labelled = field.xpath("ancestor::label") or page.xpath(f"//label[@for='{field.get('id')}']")
        assert labelled, field.get("name")
    for control in page.xpath("//a|//button|//summary"):
        assert control.text_content().strip() or control.xpath(".//img[@alt]"), lxml.html.tostring(control)
    described = {
        word for node in page.xpath("//*[@aria-describedby]") for word in node.get("aria-describedby").split()
    }
    assert described <= set(ids)


def test_every_icon_that_is_used_is_drawn_and_they_are_few() -> None:
    drawn = set(re.findall(r'<symbol id="(\w+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    used = set(re.findall(r'href="[^"]*icons\.[^"#]*#(\w+)"', sample.sample_page("en")))
    for name in PAGES:
        used |= set(re.findall(r'icon\("(\w+)"', (TEMPLATES / name).read_text(encoding="utf-8")))
    assert used <= drawn
    assert len(drawn) <= 20


def test_a_visitors_page_has_no_form_token() -> None:
    assert "token" not in sample.sample_page("en", signed_in=False).split("<main")[0]


def test_names_of_people_are_escaped_and_set_apart() -> None:
    """HTM-02, HTM-12"""
    hostile = sample.person('<img src=x onerror=1>"\u202e', "a@e.test")
    pieces = render.environment().get_template("_partials/pieces.html").module
    line = str(pieces.person_line(hostile))  # type: ignore[attr-defined]
    assert "<img" not in line
    assert "<bdi>&lt;img" in line


@pytest.mark.parametrize("word", ["left", "right"])
def test_styles_know_no_physical_directions(word: str) -> None:
    bare = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)
    assert not re.search(rf"\b{word}\b", bare)
    assert not re.search(
        r"(?<![\w-])(?:margin|padding|border)-(?:top|bottom)\b|(?<![\w-])(?:top|bottom):", bare
    )


def test_styles_respect_what_people_ask_of_their_system() -> None:
    for wish in (
        "prefers-color-scheme: dark",
        "prefers-contrast",
        "prefers-reduced-motion",
        "forced-colors",
        "print",
    ):
        assert wish in CSS


def test_the_budgets_hold() -> None:
    assert len(gzip.compress(CSS.encode())) <= 10_240
    assert len(gzip.compress((STATIC / "enhance.js").read_bytes())) <= 6_144
    assert len(gzip.compress((STATIC / "icons.svg").read_bytes())) <= 2_048
    page = sample.sample_page("de")
    assert len(gzip.compress(page.encode())) <= 12_288
    assert not re.search(r"https?://[^\"' ]+\.(?:css|js|woff2?)", page), "something from elsewhere"


@pytest.mark.parametrize("colours", [("#fbf8f3", "#fff", "#f1ece3"), ("#161a19", "#1f2423", "#111413")])
def test_text_reads_on_every_ground(colours: tuple[str, ...]) -> None:
    from node.web.hue import contrast

    light = colours[0] == "#fbf8f3"
    inks = ("#1f2421", "#4a514c") if light else ("#f0ece4", "#b4b8b2")
    for ground in colours:
        full = ground if len(ground) == 7 else "#ffffff"
        assert all(contrast(ink, full) >= 6.9 for ink in inks)


def test_people_are_never_told_our_words() -> None:
    found = {
        text: match.group()
        for message in i18n.extract()
        for text in ([message.id] if isinstance(message.id, str) else list(message.id))
        if text and (match := _OUR_WORDS.search(re.sub(r"%\(\w+\)[sd]", "", text)))
    }
    assert found == {}
