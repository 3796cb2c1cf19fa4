"""Polls in the pages: asked, answered and read without a script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from node.features.emoji import store as emoji
from node.features.polls.service import PollDraft
from tests.node.features.accounts.browser import Browser
from tests.node.features.readers import signed_in, write
from tests.rig import Rig, RigNode

ASKED = PollDraft(titles=("Samstag", "Sonntag"), open_s=86_400)


@pytest.fixture
async def amina(lindenhof: RigNode) -> AsyncIterator[Browser]:
    async with signed_in(lindenhof, "amina") as browser:
        yield browser


@pytest.fixture
async def jonas(lindenhof: RigNode) -> AsyncIterator[Browser]:
    async with signed_in(lindenhof, "jonas") as browser:
        yield browser


async def form_of(browser: Browser, **fields: object) -> list[tuple[str, str]]:
    given = [(name, value) for name, value in browser.hidden().items()] + [("csrf", browser.token)]
    for name, value in fields.items():
        given += [(name, str(one)) for one in (value if isinstance(value, list) else [value])]
    return given


async def send(browser: Browser, path: str = "/write", **fields: object) -> None:
    pairs = await form_of(browser, **fields)
    headers = {"Origin": browser.origin, "Sec-Fetch-Site": "same-origin"}
    async with browser.session.post(path, data=pairs, allow_redirects=False, headers=headers) as answer:
        await browser._keep(answer)


async def test_a_poll_is_written_answered_and_read(amina: Browser, jonas: Browser) -> None:
    await amina.get("/write")
    assert "Ask with a poll" in amina.text and amina.page.count('name="option"') == 4
    await send(
        amina, source="Wann treffen wir uns?", audience="public", option=["Samstag", "", "<b>Sonntag", ""],
        open_s="86400", step="send",
    )  # fmt: skip
    assert amina.status == 303, amina.text
    address = amina.location
    await amina.get(address)
    assert 'action="/posts/' not in amina.page.partition('class="poll"')[2].partition("</div>")[0]
    assert "Nobody has voted yet." in amina.text and "<b>Sonntag" not in amina.page
    await jonas.get(address)
    assert "Choose one" in jonas.text and jonas.page.count('type="radio" name="choice"') == 2
    action = re.search(r'action="(/posts/[0-9]+/vote)"', jonas.page)
    assert action is not None
    await jonas.post(action[1], choice="1", next=address)
    assert (jonas.status, jonas.location) == (303, address)
    await jonas.get(address)
    assert "your choice" in jonas.text and "100%" in jonas.text and "1 person has voted." in jonas.text
    assert 'name="choice"' not in jonas.page
    await jonas.post(action[1], choice="0", next=address)
    assert jonas.status == 422 and "You have voted already." in jonas.text


async def test_visitors_read_how_it_stands_and_cannot_vote(
    rig: Rig, lindenhof: RigNode, amina: Browser
) -> None:
    post_id = await write(lindenhof, amina.me, "Wann?", poll=ASKED)
    async with Browser(lindenhof.origin) as visitor:
        await visitor.get(f"/@amina/{post_id}")
        assert 'name="choice"' not in visitor.page and "Nobody has voted yet." in visitor.text
        await visitor.post(f"/posts/{post_id}/vote", choice="0")
        assert visitor.status in (303, 401, 403)
        rig.clock.advance(hours=25)
        await visitor.get(f"/@amina/{post_id}")
        assert "Nobody voted. It ended on" in visitor.text


async def test_kept_back_counts_are_not_in_the_page(
    lindenhof: RigNode, amina: Browser, jonas: Browser
) -> None:
    secret = PollDraft(titles=("Samstag", "Sonntag"), open_s=86_400, multiple=True, hide_totals=True)
    post_id = await write(lindenhof, amina.me, "Wann?", poll=secret)
    await jonas.get(f"/@amina/{post_id}")
    assert "Choose as many as you like" in jonas.text
    await send(jonas, f"/posts/{post_id}/vote", choice=["0", "1"])
    await jonas.get(f"/@amina/{post_id}")
    assert "<meter" not in jonas.page and "How it stands is shown at the end." in jonas.text
    assert jonas.text.count("your choice") == 2


async def test_more_answers_are_offered_up_to_eight(amina: Browser) -> None:
    await amina.get("/write")
    await send(amina, source="Wann?", audience="public", option=list("abcd"), open_s="86400", step="option")
    assert amina.status == 200 and amina.page.count('name="option"') == 5 and 'value="d"' in amina.page
    await send(
        amina, source="Wann?", audience="public", option=list("abcdefg"), open_s="86400", step="option"
    )
    assert amina.page.count('name="option"') == 8 and "One more answer" not in amina.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["Ja"], "at least two answers"),
        (["Ja", "ja"], "Two of the answers are the same."),
        (["x" * 101, "y"], "at most 100 characters"),
    ],
)
async def test_a_poll_that_cannot_be_is_refused_beside_its_fields(
    amina: Browser, options: list[str], words: str
) -> None:
    await amina.get("/write")
    await send(amina, source="Wann?", audience="public", option=options, open_s="86400", step="send")
    assert amina.status == 422 and words in amina.text and 'id="option-error"' in amina.page
    assert f'value="{options[0]}"' in amina.page


async def test_an_edit_shows_the_answers_and_keeps_the_votes_while_they_stay(
    lindenhof: RigNode, amina: Browser, jonas: Browser
) -> None:
    post_id = await write(lindenhof, amina.me, "Wann?", poll=ASKED)
    await jonas.get(f"/@amina/{post_id}")
    await jonas.post(f"/posts/{post_id}/vote", choice="1")
    edit = f"/posts/{post_id}/edit"
    await amina.get(edit)
    assert "As long as before" in amina.text and "all votes so far are dropped" in amina.text
    await send(amina, edit, source="Wann denn?", option=["Samstag", "Sonntag"], open_s="0", step="send")
    await amina.get(f"/@amina/{post_id}")
    assert "1 person has voted." in amina.text
    await send(
        amina, edit, source="Wann denn?", option=["Samstag", "Sonntag", "Nie"], open_s="0", step="send"
    )
    await amina.get(f"/@amina/{post_id}")
    assert "Nobody has voted yet." in amina.text and "Nie" in amina.text
    await amina.get(f"/posts/{post_id}/history")
    assert amina.page.count('<li dir="auto">Samstag</li>') == 3


async def test_a_plain_post_offers_no_poll_when_it_is_changed(lindenhof: RigNode, amina: Browser) -> None:
    post_id = await write(lindenhof, amina.me, "Nur so")
    await amina.get(f"/posts/{post_id}/edit")
    assert 'name="option"' not in amina.page


async def test_the_end_is_told_in_the_news(
    rig: Rig, lindenhof: RigNode, amina: Browser, jonas: Browser
) -> None:
    post_id = await write(lindenhof, amina.me, "Wann?", poll=ASKED)
    await jonas.get(f"/@amina/{post_id}")
    await jonas.post(f"/posts/{post_id}/vote", choice="1")
    rig.clock.advance(hours=25)
    await lindenhof.sweep()
    await amina.get("/notifications")
    assert "Your poll has ended." in amina.text
    await jonas.get("/notifications")
    assert "A poll of amina you voted in has ended." in jonas.text


async def test_reactions_are_shown_small_and_told(lindenhof: RigNode, amina: Browser, jonas: Browser) -> None:
    post_id = await write(lindenhof, amina.me, "Hallo")
    async with lindenhof.db.tx() as tx:
        for text, picture in (("🎉", ""), (":bee:", "https://peer.example/bee.png")):
            new = emoji.NewReaction(
                uri=f"https://peer.example/{text}", actor_id=jonas.me.id, post_id=post_id, emoji=text,
                picture_url=picture,
            )  # fmt: skip
            await emoji.put_reaction(tx, new, 10)
        await tx.execute(
            """INSERT INTO notifications (id, owner_id, kind, actor_id, post_id, created_at)
               VALUES ($1, $2, 'reaction', $3, $4, now())""",
            tx.new_id(), amina.me.id, jonas.me.id, post_id,
        )  # fmt: skip
    await amina.get(f"/@amina/{post_id}")
    assert "🎉 from 1 person" in amina.text and 'src="/media/proxy/' in amina.page
    assert "peer.example" not in amina.page
    await amina.get("/notifications")
    assert "jonas reacted to your post." in amina.text and "🎉" in amina.text
