"""The right language is chosen and its words are found."""

import msgspec
import pytest

from node import i18n


class Wish(msgspec.Struct, frozen=True):
    """What is wished for and what comes of it when en and de are on offer."""

    id: str
    chosen: str
    wishes: tuple[str, ...] = ()
    header: str = ""


WISHES = [
    Wish("nothing said", "en"),
    Wish("the browser's first", "de", header="de-AT,de;q=0.9,en;q=0.5"),
    Wish("weights count", "en", header="de;q=0.1, en;q=0.8"),
    Wish("unknown ones are passed over", "de", header="eo, de;q=0.2"),
    Wish("a setting comes first", "de", ("de",), "en"),
    Wish("a bad setting does not count", "en", ("../x", ""), "en"),
    Wish("zero means never", "en", header="de;q=0"),
    Wish("rubbish", "en", header=";;q=,,q=x;de=1,\x00" + "a" * 5000),
]


@pytest.mark.parametrize("case", WISHES, ids=lambda case: case.id)
def test_the_language_is_chosen_by_person_then_browser_then_house(case: Wish) -> None:
    assert i18n.choose(case.wishes, case.header, ("en", "de")) == case.chosen


def test_wanting_a_language_ends_with_its_block() -> None:
    with i18n.use("de"):
        assert i18n.current() == "de"
    assert i18n.current() == "en"


def test_arabic_runs_from_right_to_left() -> None:
    assert (i18n.direction("ar"), i18n.direction("de")) == ("rtl", "ltr")


def test_a_language_without_a_catalogue_gives_the_source_text() -> None:
    with i18n.use("uk"):
        assert i18n.gettext("Older") == "Older"
        assert i18n.ngettext("%(num)d reply", "%(num)d replies", 2) == "%(num)d replies"
    assert i18n.gettext("") == ""


def test_texts_of_code_and_templates_are_found() -> None:
    found = {message.id for message in i18n.extract()}
    assert {"Please sign in first.", "Please fill this in.", "To the content", "Who sees this?"} <= found


def test_a_missing_translation_is_told(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "LOCALE_DIR", tmp_path)
    i18n.languages.cache_clear()
    try:
        missing = i18n.update("fr")
        assert missing > 50
        assert i18n.languages() == ("en", "fr")
        assert "fr: not translated: 'Older'" in i18n.check()
    finally:
        i18n.languages.cache_clear()
        i18n.translations.cache_clear()
