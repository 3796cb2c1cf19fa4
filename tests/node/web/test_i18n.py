"""The right language is chosen and its words are found."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from node import i18n
from node.web import dates


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


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    assert i18n.check() == []


# Never said to people; `server` only where admins look at the machinery.
UNSAID = re.compile(
    r"\b(instance|federat\w*|fediverse|actor|inbox|boost\w*|toot\w*|servers?"
    r"|instanz(en)?|föder\w*|defödera\w*|geboostet|servern?|troet\w*|tröt\w*)\b",
    re.IGNORECASE,
)
FOR_ADMINS = (
    "Everything this server received or sent ends in a state you can see here. "
    "What ended badly can be tried again."
)


def texts(language: str, *, formal: bool = False) -> list[str]:
    """Every form of every text in a language, but for those about the machinery."""
    found = []
    for message in i18n.extract():
        singular, plural = (message.id, "") if isinstance(message.id, str) else (message.id[0], message.id[1])
        if not singular or singular == FOR_ADMINS:
            continue
        with i18n.use(language, formal=formal):
            if plural:
                found += [i18n.ngettext(singular, plural, number) for number in (1, 2)]
            else:
                found.append(i18n.gettext(singular))
    return found


@pytest.mark.parametrize("language", i18n.languages())
def test_nobody_has_to_learn_our_words(language: str) -> None:
    assert [text for text in texts(language) if UNSAID.search(text)] == []


@pytest.mark.parametrize("language", i18n.languages())
def test_nothing_is_shouted_and_no_space_is_lost_at_the_ends(language: str) -> None:
    assert [text for text in texts(language) if "!" in text or text != text.strip() or "  " in text] == []


def test_german_says_du_in_its_own_quotation_marks() -> None:
    wrong = re.compile(r"\b(Ihnen|Ihre[nmrs]?|klicken Sie|\w+en Sie)\b|[\"“][^“]*”|\w(\*|:|_)innen")
    assert [text for text in texts("de") if wrong.search(re.sub("„[^“]*“", "", text))] == []


def test_a_formal_house_says_sie_and_never_du() -> None:
    familiar = re.compile(r"\b(du|dich|dir|dein\w*|euch|eure?[nmrs]?)\b", re.IGNORECASE)
    assert [text for text in texts("de", formal=True) if familiar.search(text)] == []
    with i18n.use("de", formal=True):
        assert i18n.gettext("Please sign in first.") == "Bitte melden Sie sich zuerst an."
        assert i18n.gettext("Older") == "Ältere"
        with i18n.use("en"):
            assert i18n.gettext("Please sign in first.") == "Please sign in first."
    with i18n.use("de"):
        assert i18n.gettext("Please sign in first.") == "Bitte melde dich zuerst an."


class Moment(msgspec.Struct, frozen=True):
    """A day or a moment, and what it is called on 20 December 2026 in Berlin."""

    id: str
    at: date
    german: str
    english: str


MOMENTS = [
    Moment("a whole day", date(2026, 11, 23), "23. November", "November 23"),
    Moment("a day of another year", date(2025, 11, 23), "23. November 2025", "November 23, 2025"),
    Moment(
        "late in UTC is tomorrow", datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "23. November", "November 23"
    ),
]


@pytest.mark.parametrize("case", MOMENTS, ids=lambda case: case.id)
def test_days_are_said_in_words(case: Moment) -> None:
    now, here = datetime(2026, 12, 20, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    with i18n.use("de"):
        assert dates.day(case.at, now, here) == case.german
    with i18n.use("en"):
        assert dates.day(case.at, now, here) == case.english
