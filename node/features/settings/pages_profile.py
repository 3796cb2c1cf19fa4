"""The profile as its owner edits it: name, text, picture, banner, a few labelled lines.

Pictures are taken in by the media feature before the profile changes; what was typed is kept when
one of them is refused, only the file has to be chosen again.
"""

from typing import BinaryIO, Literal, cast

import msgspec
from aiohttp import web

from node.appkeys import NODE, VIEWER
from node.errors import N_, NodeError
from node.feature import Route
from node.features.actors import service as actors
from node.features.actors.store import reads as actor_store
from node.features.actors.store.reads import Actor
from node.features.media import service as media
from node.runtime import Node
from node.web.forms import Form, read_form
from node.web.posted import UploadedFile
from node.web.render import render
from node.web.sessions import go_to

LINES = 6
_LONGEST_NAME = 60
_LONGEST_TEXT = 1000
_LONGEST_ALT = 1500
_BODY_BYTES = 25_000_000  # both pictures and the texts


class ProfileForm(msgspec.Struct, kw_only=True):
    """What the form sends; a labelled line without a label and a value is left out."""

    display_name: str = ""
    text: str = ""
    avatar: UploadedFile | None = None
    avatar_alt: str = ""
    no_avatar: bool = False
    header: UploadedFile | None = None
    header_alt: str = ""
    no_header: bool = False
    label_1: str = ""
    value_1: str = ""
    label_2: str = ""
    value_2: str = ""
    label_3: str = ""
    value_3: str = ""
    label_4: str = ""
    value_4: str = ""
    label_5: str = ""
    value_5: str = ""
    label_6: str = ""
    value_6: str = ""

    @property
    def lines(self) -> tuple[actors.Field, ...]:
        """The labelled lines that hold something."""
        pairs = [
            (str(getattr(self, f"label_{number}")), str(getattr(self, f"value_{number}")))
            for number in range(1, LINES + 1)
        ]
        return tuple(actors.Field(label, value) for label, value in pairs if label or value)


class ProfilePage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of settings/profile.html."""

    form: Form[ProfileForm]
    avatar_url: str
    header_url: str
    address: str
    line_numbers: tuple[int, ...] = tuple(range(1, LINES + 1))
    done: bool = False


def _form_of(actor: Actor) -> Form[ProfileForm]:
    given: dict[str, str] = {}
    for number, field in enumerate(actor.fields[:LINES], start=1):
        given[f"label_{number}"] = str(field.get("name", ""))
        given[f"value_{number}"] = str(field.get("source", ""))
    return Form(
        ProfileForm(
            display_name=actor.display_name,
            text=actor.summary_source,
            avatar_alt=actor.avatar_alt,
            header_alt=actor.header_alt,
            **given,  # type: ignore[arg-type]
        )
    )


async def _page(
    request: web.Request, form: Form[ProfileForm] | None, *, done: bool = False, status: int = 200
) -> web.Response:
    async with request.app[NODE].db.read() as tx:
        actor = await actor_store.get_actor(tx, request[VIEWER].actor_id)
    context = ProfilePage(
        form=form or _form_of(actor),
        avatar_url=actor.avatar_url,
        header_url=actor.header_url,
        address=f"@{actor.handle}",
        done=done,
    )
    return render(request, "settings/profile.html", context, status=status)


async def show_profile(request: web.Request) -> web.StreamResponse:
    """GET /settings/profile"""
    return await _page(request, None, done="done" in request.query)


async def save_profile(request: web.Request) -> web.StreamResponse:
    """POST /settings/profile"""
    node, viewer = request.app[NODE], request[VIEWER]
    form = await read_form(request, ProfileForm, max_bytes=_BODY_BYTES)
    if form.ok:
        _check(form)
    if form.ok:
        given = form.values
        try:
            avatar = await _portrait(node, viewer.actor_id, "avatar", given)
            header = await _portrait(node, viewer.actor_id, "header", given)
            change = actors.ProfileChange(
                display_name=given.display_name,
                summary_source=given.text,
                fields=given.lines,
                avatar_url=avatar,
                avatar_alt=given.avatar_alt,
                header_url=header,
                header_alt=given.header_alt,
            )
            async with node.db.tx() as tx:
                await actors.update_profile(tx, node, viewer.actor_id, change)
            return go_to("/settings/profile?done=1")
        except NodeError as error:
            if error.status >= 500:
                raise
            form.refuse(error)
    return await _page(request, form, status=422)


def _check(form: Form[ProfileForm]) -> None:
    given = form.values
    if len(given.display_name) > _LONGEST_NAME:
        form.fail("display_name", N_("Please use at most %(most)s characters."), most=_LONGEST_NAME)
    if len(given.text) > _LONGEST_TEXT:
        form.fail("text", N_("Please use at most %(most)s characters."), most=_LONGEST_TEXT)
    for name, alt in (("avatar_alt", given.avatar_alt), ("header_alt", given.header_alt)):
        if len(alt) > _LONGEST_ALT:
            form.fail(name, N_("Please use at most %(most)s characters."), most=_LONGEST_ALT)


async def _portrait(
    node: Node, actor_id: int, purpose: Literal["avatar", "header"], given: ProfileForm
) -> str | None:
    """The address of a new picture, '' to remove it, None to leave it.

    Raises: NodeError with the picture's field.
    """
    upload = given.avatar if purpose == "avatar" else given.header
    alt = given.avatar_alt if purpose == "avatar" else given.header_alt
    if upload is None or not upload.size_bytes:
        return "" if (given.no_avatar if purpose == "avatar" else given.no_header) else None
    try:
        taken = await media.accept_portrait(node, actor_id, cast(BinaryIO, upload.file), purpose, alt)
    except NodeError as error:
        error.field = f"{purpose}_alt" if error.field == "alt" else purpose
        raise
    return media.url_of(node, taken)


ROUTES = (
    Route("GET", "/settings/profile", show_profile, "member"),
    Route("POST", "/settings/profile", save_profile, "member", limit="write", max_body_bytes=_BODY_BYTES),
)
