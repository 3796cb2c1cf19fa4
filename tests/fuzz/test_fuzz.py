"""A short round of each fuzzing, always with the same seed; and what longer rounds found, once and for all."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from random import Random

import aiohttp
import pytest
from aiohttp.http_exceptions import LineTooLong

from node.logs import without_traceback
from node.text import clean_html, plain_text
from tests.fuzz import inbox, markup, pages
from tests.fuzz.findings import Ear, Findings
from tests.rig import Rig, RigNode

LONG_S = 300.0  # a limit for a test that hangs, not a measure


@pytest.fixture
def findings() -> Iterator[Findings]:
    """Hears what the program calls an error."""
    made = Findings(None)
    ear = Ear(made)
    logging.getLogger().addHandler(ear)
    logging.getLogger("aiohttp.server").addFilter(without_traceback)
    yield made
    logging.getLogger().removeHandler(ear)
    logging.getLogger("aiohttp.server").removeFilter(without_traceback)


async def test_jsn_11_odd_activities_end_in_named_states(rig: Rig, findings: Findings) -> None:
    world = await inbox.fuzz(rig, findings, Random(11), most=160, until=time.monotonic() + LONG_S)
    assert world.tried == 160 and len(world.ends) > 20
    assert findings.found == {}


async def test_no_route_breaks_over_odd_parameters(rig: Rig, findings: Findings) -> None:
    assert len(pages.parameters()) > 60
    assert await pages.fuzz(rig, findings, Random(12), until=time.monotonic() + LONG_S, most=400) >= 400
    assert findings.found == {}


def test_htm_01_odd_html_comes_out_harmless_and_as_it_stays(findings: Findings) -> None:
    assert markup.fuzz(findings, Random(13), until=time.monotonic() + LONG_S, most=400) == 400
    assert findings.found == {}


def test_the_ear_hears_what_goes_wrong(findings: Findings) -> None:
    try:
        raise KeyError("boom")
    except KeyError:
        logging.getLogger("node.wire.process").exception("handler raised")
    logging.getLogger("node.wire.process").warning("database said no", extra={"sqlstate": "22021"})
    assert sorted(findings.found.values()) == [1, 1]


@pytest.mark.parametrize(
    "source",
    [
        "<p><button><ul>", "<a><select><a>", "<p><select><p>", "<h6><button><pre>", "<pre><n>\n", "<pre>\n\n\nx</pre>",
        "<a href=p\tlang>", "<a href=d class>", '<a translate=""class>', "<i lang=de title=x>", "<p \ud800>&#xd800;</p>",
    ],
)  # fmt: skip
def test_what_is_cleaned_is_read_by_a_browser_as_it_was_cleaned(source: str) -> None:
    assert markup.faults(source) == []
    assert "lang" not in clean_html(source) and "title" not in clean_html(source)


@pytest.mark.parametrize("closing", ["</noembed>", "</b>", "</code >x</i>"])
def test_res_16_tags_that_close_nothing_hide_no_depth(closing: str) -> None:
    source = f"<code>a{closing}" * 900
    assert markup.faults(source) == []
    if "code" not in closing:
        assert "<code>" not in clean_html(source)


def test_no_control_is_left_in_plain_text() -> None:
    assert plain_text("a\r\nb\rc&#13;d") == "a\nb\nc\nd"


async def test_a_broken_form_is_no_fault_of_ours(lindenhof: RigNode) -> None:
    wrong = []
    async with aiohttp.ClientSession() as session:
        for path in ("/oauth/token", "/api/v1/apps"):
            for body in (b"", b"{", b"\xff\xfe", b"--x\r\n\r\na"):
                for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
                    headers = {"Content-Type": kind}
                    async with session.post(lindenhof.origin + path, data=body, headers=headers) as answer:
                        if not 400 <= answer.status < 500:
                            wrong.append((path, body, kind, answer.status))
    assert wrong == []


async def test_a_number_no_post_can_have_is_not_there(lindenhof: RigNode) -> None:
    found = []
    async with aiohttp.ClientSession(headers={"Accept": "application/activity+json"}) as session:
        for path in ("", "/activity", "/replies", "/likes"):
            url = f"{lindenhof.origin}/ap/notes/9223372036854775808{path}"
            async with session.get(url) as answer:
                found.append(answer.status)
    assert found == [404] * 4


def test_res_19_what_is_no_http_costs_one_line() -> None:
    error = LineTooLong(b"x", 8190)
    record = logging.LogRecord(
        "aiohttp.server", logging.ERROR, __file__, 1, "Error", (), (LineTooLong, error, None)
    )
    assert without_traceback(record)
    assert (record.levelname, record.getMessage(), record.exc_info) == ("INFO", "not HTTP: LineTooLong", None)
