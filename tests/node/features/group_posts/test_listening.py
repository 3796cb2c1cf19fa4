"""Who hears of what is written in a group: as each member chose, here and on other nodes, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from node.features.actors import lookup
from node.features.actors.store.reads import Actor
from node.features.group_posts.service import moderating
from tests.node.features.group_posts.places import Seat, answers, found, held, join, says
from tests.rig import Rig, RigNode


async def choose(seat: Seat, person: Actor, level: str) -> None:
    async with seat.node.db.tx() as tx:
        await tx.execute(
            "UPDATE members SET level = $3 WHERE group_id = $1 AND actor_id = $2",
            seat.group.id,
            person.id,
            level,
        )


async def news_of(node: RigNode, person: Actor) -> list[tuple[str, str]]:
    """Kind and words of what somebody was told of posts."""
    async with node.db.read() as tx:
        rows = await tx.fetch(
            """SELECT n.kind, p.html FROM notifications n JOIN posts p ON p.id = n.post_id
               WHERE n.owner_id = $1 ORDER BY n.id""",
            person.id,
        )
    return [(row["kind"], row["html"].removeprefix("<p>").removesuffix("</p>")) for row in rows]


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("everything", [("status", "Seeds?"), ("status", "Beans.")]),
        ("posts", [("status", "Seeds?")]),
        ("mentions", []),
        ("nothing", []),
    ],
)
@pytest.mark.parametrize("there", [False, True], ids=["at home", "elsewhere"])
async def test_members_hear_as_much_as_they_chose(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, there: bool, level: str, heard: list[tuple[str, str]]
) -> None:
    home = lernwerk if there else lindenhof
    amina, listener = await lindenhof.person("amina"), await home.person("olena")
    place = await found(lindenhof, amina)
    seat = await join(place, listener, home)
    await choose(seat, listener, level)
    post_id = await says(place, amina, "Seeds?")
    await answers(lindenhof, amina, post_id, "Beans.")
    await rig.settle()
    assert await news_of(home, listener) == heard
    assert await news_of(lindenhof, amina) == []


async def test_who_is_named_or_answered_hears_of_it_once(rig: Rig, lindenhof: RigNode) -> None:
    amina, jonas = await lindenhof.person("amina"), await lindenhof.person("jonas")
    place = await found(lindenhof, amina)
    await join(place, jonas, lindenhof)
    for person in (amina, jonas):
        await choose(place, person, "everything")
    first = await says(place, jonas, "@amina seeds?")
    await answers(lindenhof, amina, first, "Beans.")
    await rig.settle()
    assert [kind for kind, _ in await news_of(lindenhof, amina)] == ["mention"]
    assert [kind for kind, _ in await news_of(lindenhof, jonas)] == ["mention"]


async def test_of_topics_one_did_not_choose_one_hears_nothing(rig: Rig, lindenhof: RigNode) -> None:
    amina, jonas, sofia = [await lindenhof.person(name) for name in ("amina", "jonas", "sofia")]
    place = await found(lindenhof, amina)
    for person in (jonas, sofia):
        await join(place, person, lindenhof)
        await choose(place, person, "posts")
    async with lindenhof.db.tx() as tx:
        for topic_id, name in ((1, "Wood"), (2, "Bikes")):
            await tx.execute(
                "INSERT INTO topics (id, group_id, name, created_at) VALUES ($1, $2, $3, $4)",
                topic_id, place.group.id, name, tx.now,
            )  # fmt: skip
        await tx.execute("INSERT INTO topic_choices (topic_id, actor_id) VALUES (1, $1)", jonas.id)
    await says(place, amina, "A plane", topic_id=1)
    await says(place, amina, "A pump", topic_id=2)
    await rig.settle()
    assert [words for _, words in await news_of(lindenhof, jonas)] == ["A plane"]
    assert [words for _, words in await news_of(lindenhof, sofia)] == ["A plane", "A pump"]


async def test_what_a_group_tells_of_its_past_is_no_news(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    place = await found(lindenhof, amina)
    seat = await join(place, olena, lernwerk)
    await choose(seat, olena, "everything")
    await says(place, amina, "Last week")
    rig.clock.advance(seconds=timedelta(days=2).total_seconds())
    await rig.settle()
    assert await held(lernwerk, "Last week") is not None
    assert await news_of(lernwerk, olena) == []


@pytest.mark.parametrize("there", [False, True], ids=["at home", "elsewhere"])
async def test_whom_a_waiting_post_names_hears_of_it_once_it_is_let_through(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode, there: bool
) -> None:
    home = lernwerk if there else lindenhof
    amina, writer = await lindenhof.person("amina"), await home.person("olena")
    place = await found(lindenhof, amina, newcomer_posts=1)
    seat = await join(place, writer, home)
    if there:
        await lookup.resolve_uri(lernwerk.node, amina.uri)
    await says(seat, writer, f"@amina@{lindenhof.node.handle_host} may I?")
    await rig.settle()
    assert await news_of(lindenhof, amina) == []
    async with lindenhof.db.tx() as tx:
        (post_id,) = await moderating.list_waiting(tx, amina.id, place.group.id)
        await moderating.let_through(tx, lindenhof.node, amina.id, post_id)
    assert [kind for kind, _ in await news_of(lindenhof, amina)] == ["mention"]


async def test_who_wants_to_hear_nothing_of_a_group_is_not_told_when_somebody_elsewhere_names_them(
    rig: Rig, lindenhof: RigNode, lernwerk: RigNode
) -> None:
    amina, olena = await lindenhof.person("amina"), await lernwerk.person("olena")
    place = await found(lindenhof, amina)
    seat = await join(place, olena, lernwerk)
    await lookup.resolve_uri(lernwerk.node, amina.uri)
    await choose(place, amina, "nothing")
    await says(seat, olena, f"@amina@{lindenhof.node.handle_host} look!")
    await rig.settle()
    assert await held(lindenhof, "look!") is not None
    assert await news_of(lindenhof, amina) == []
