"""Every page of a house that is lived in: which there are is read from the routes, with whom for a reader.

A page whose address has a part to fill in is named in `FILLED`; a route that is neither there nor free of
such parts makes `places` fail, so that no page is forgotten.
"""

from __future__ import annotations

import io
from typing import Any

import msgspec
from PIL import Image

from node.feature import Route
from node.features.actors.service import Field, ProfileChange, update_profile
from node.features.actors.store.reads import Actor
from node.features.follows import service as follows
from node.features.groups.service import founding, inviting, joining
from node.features.groups.service.founding import Founding
from node.features.media import service as media
from node.features.polls.service import PollDraft
from node.features.posts import reactions, service
from node.features.posts.service import Draft
from node.features.registry import FEATURES
from node.features.reports import service as reports
from tests.rig import RigNode

# What answers programs, other nodes, or with a redirect: nothing anybody looks at.
NO_PAGES = (
    "/api/", "/ap/", "/.well-known/", "/nodeinfo/", "/actor", "/oauth/", "/media/", "/avatars/", "/headers/",
)  # fmt: skip
SENDS_ON = ("/posts/{id:[0-9]+}", "/me", "/authorize_interaction", "/groups/{id:[0-9]+}/feed")
FILLED = {
    "/from-my-house": "/from-my-house?uri={amina_uri}",
    "/invite/{code}": "/invite/AAAAAAAAAAAAAAAA",
    "/confirm/{token}": "/confirm/AAAAAAAAAAAAAAAA",
    "/reset/{token}": "/reset/AAAAAAAAAAAAAAAA",
    "/@{handle}": "/@amina",
    "/@{handle}/{id:[0-9]+}": "/@amina/{post}",
    "/@{handle}/{which:followers|following}": "/@amina/followers",
    "/tags/{tag}": "/tags/bread",
    "/people/{id:[0-9]+}/{what:block|mute}": "/people/{olena}/block",
    "/posts/{id:[0-9]+}/group": "/posts/{placed}/group",
    "/posts/{id:[0-9]+}/history": "/posts/{post}/history",
    "/posts/{id:[0-9]+}/edit": "/posts/{post}/edit",
    "/posts/{id:[0-9]+}/delete": "/posts/{post}/delete",
    "/posts/{id:[0-9]+}/unquote": "/posts/{quote}/unquote",
    "/{what:posts|people}/{id:[0-9]+}/report": "/people/{olena}/report",
    "/people/{id:[0-9]+}/reported": "/people/{olena}/reported",
    "/manage/reports/{id:[0-9]+}": "/manage/reports/{report}",
    "/groups/join/{code}": "/groups/join/{code}",
    "/groups/{id:[0-9]+}/members/{person:[0-9]+}": "/groups/{group}/members/{olena}",
    "/groups/{id:[0-9]+}/{what:archive|reopen|end|keep}": "/groups/{group}/end",
    **{
        f"/groups/{{id:[0-9]+}}/{room}": f"/groups/{{group}}/{room}"
        for room in ("settings", "mine", "leave", "invite", "members", "requests", "waiting", "log")
    },
    **{f"/groups/{{id:[0-9]+}}/{room}": f"/groups/{{choir}}/{room}" for room in ("join", "invitation")},
}
# Open to visitors where a group wants it so; ours here keeps it for its members.
MEMBERS_ALONE = ("/groups/{id:[0-9]+}/log",)
# Pages that say kindly that something is not (any more) there are pages too.
SAYS_NO = ("/invite/", "/confirm/", "/reset/")


class Place(msgspec.Struct, frozen=True):
    """One page: its address, and whether somebody has to be signed in to see it."""

    path: str
    signed_in: bool
    says_no: bool = False


def _is_page(route: Route) -> bool:
    if route.path in FILLED:
        return True
    return route.path not in SENDS_ON and not route.path.startswith(NO_PAGES)


def places(names: dict[str, Any]) -> list[Place]:
    """All pages, with the ids of `names` in their addresses.

    Raises: KeyError for a page nobody has said how to reach.
    """
    found = {}
    for feature in FEATURES:
        for route in feature.routes:
            if route.method != "GET" or not _is_page(route):
                continue
            path = FILLED.get(route.path, route.path).format(**names)
            signed_in = route.access not in ("public", "visitor") or route.path in MEMBERS_ALONE
            found[path] = Place(path, signed_in, path.startswith(SAYS_NO))
    for path, signed_in in (("/@workshop", False), ("/@workshop?topic=0", True), ("/@choir", True)):
        found[path] = Place(path, signed_in)
    return sorted(found.values(), key=lambda place: (place.signed_in, place.path))


async def _picture(node: RigNode, owner: Actor) -> int:
    file = io.BytesIO()
    Image.new("RGB", (640, 480), (160, 120, 60)).save(file, "PNG")
    file.seek(0)
    return (await media.accept_upload(node.node, owner.id, file, alt="A table full of bread")).id


async def _found_groups(node: RigNode, amina: Actor, olena: Actor, jonas: Actor) -> dict[str, Any]:
    """A workshop Amina runs, Olena belongs to and Jonas asked to join; and a choir Olena invites Amina to."""
    workshop = Founding(
        username="workshop", name="Open Workshop", description="We mend things together.",
        openness="moderated", question="What would you like to build?", rules=("Be kind.", "Tidy up."),
        topics=("Bikes", "Toasters"), languages=("de", "en"), place="In the yard", newcomer_posts=1,
        links=(Field(name="Opening hours", source="https://lindenhof.example"),),
    )  # fmt: skip
    choir = Founding(username="choir", name="Choir", openness="moderated", rules=("Breathe.",))
    async with node.db.tx() as tx:
        group = await founding.found(tx, node.node, amina.id, workshop)
        await joining.join(tx, node.node, olena.id, group.id, "A boat.")
        await joining.answer_request(tx, node.node, amina.id, group.id, olena.id, accept=True)
        await joining.join(tx, node.node, jonas.id, group.id, "A bench.")
        other = await founding.found(tx, node.node, olena.id, choir)
        await joining.invite(tx, node.node, olena.id, other.id, amina.id)
        code = await inviting.make_link(tx, amina.id, group.id, inviting.Terms(5))
        await inviting.make_link(tx, amina.id, group.id, inviting.Terms(), "kim@post.example")
        lathe = Draft(source="The lathe runs again.", group_id=group.id)
        placed = await service.write_post(tx, node.node, amina.id, lathe)
        await service.write_post(tx, node.node, olena.id, Draft(source="I build a boat.", group_id=group.id))
    return {"group": group.id, "choir": other.id, "code": code, "placed": placed}


async def live_in(node: RigNode) -> dict[str, Any]:
    """Amina looks after the house, Olena and Jonas live there; there are posts, answers, thanks and requests."""
    amina = await node.person("amina", role="admin")
    olena, jonas = await node.person("olena"), await node.person("jonas")
    picture = await _picture(node, amina)
    profile = ProfileChange(
        display_name="Amina Yusuf", summary_source="I look after the garden. #bread",
        fields=(Field(name="Found at", source="https://lindenhof.example"),), locked=True,
    )  # fmt: skip
    async with node.db.tx() as tx:
        await update_profile(tx, node.node, amina.id, profile)
        await follows.follow(tx, node.node, amina.id, olena.id)
        await follows.follow(tx, node.node, olena.id, amina.id)
        await follows.answer_request(tx, node.node, amina.id, olena.id, accept=True)
        await follows.follow(tx, node.node, jonas.id, amina.id)
        first = Draft(source="Bread in the yard. #bread https://lindenhof.example", media_ids=(picture,))
        post = await service.write_post(tx, node.node, amina.id, first)
        await service.write_post(
            tx, node.node, olena.id, Draft(source="@amina I bring butter.", in_reply_to_id=post)
        )
        await service.write_post(
            tx, node.node, olena.id, Draft(source="About the heating…", warning="Complaints", language="en")
        )
        quote = await service.write_post(tx, node.node, olena.id, Draft(source="Come along.", quoted_id=post))
        poll = PollDraft(titles=("Soup", "Salad"), open_s=86_400)
        await service.write_post(tx, node.node, jonas.id, Draft(source="What shall we eat?", poll=poll))
        report = await reports.write_report(
            tx, node.node, jonas.id, reports.Draft(target_id=amina.id, post_ids=(post,), comment="Too loud.")
        )
        await service.write_post(
            tx, node.node, jonas.id, Draft(source="@amina the key is in the shed.", audience="direct")
        )
        await service.write_post(tx, node.node, amina.id, Draft(source="Only for us.", audience="local"))
        await reactions.like(tx, node.node, olena.id, post)
        await reactions.boost(tx, node.node, olena.id, post)
        await reactions.bookmark(tx, amina.id, post)
        await follows.mute(tx, amina.id, jonas.id)
    async with node.db.tx() as tx:
        await service.edit_post(
            tx,
            node.node,
            amina.id,
            post,
            Draft(source="Bread and soup in the yard. #bread", media_ids=(picture,)),
        )
    return await _found_groups(node, amina, olena, jonas) | {
        "post": post,
        "quote": quote,
        "report": report.id,
        "amina": amina.id,
        "olena": olena.id,
        "jonas": jonas.id,
        "amina_uri": amina.uri,
    }
