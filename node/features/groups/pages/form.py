"""The form a group describes itself with, when it is founded and afterwards.

Lists are written one a line. What a choice of openness and visibility means stands below the cards before
anything is saved. `founding` shows and reads it.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from node import i18n
from node.features.actors.service import Field
from node.features.actors.store.reads import Actor
from node.features.groups import present
from node.features.groups.service.founding import OPENNESS, Founding, GroupChange
from node.features.groups.store.groups import Group
from node.features.groups.store.topics import Topic
from node.i18n import gettext as _
from node.web.cards import Choice
from node.web.forms import Form
from node.web.posted import UploadedFile

LINKS: Final = 3
_LANGUAGES: Final = (
    "ar", "de", "en", "es", "fa", "fr", "it", "ku", "pl", "pt", "ro", "ru", "so", "ti", "tr", "uk", "vi", "zh",
)  # fmt: skip


class GroupForm(msgspec.Struct, kw_only=True):
    """What the form sends. `rules` and `topics`: one a line."""

    name: Annotated[str, Meta(max_length=80)] = ""
    username: Annotated[str, Meta(max_length=60)] = ""
    description: Annotated[str, Meta(max_length=10_000)] = ""
    avatar: UploadedFile | None = None
    avatar_alt: Annotated[str, Meta(max_length=1500)] = ""
    openness: str = "open"
    visibility: str = "public"
    question: Annotated[str, Meta(max_length=300)] = ""
    rules: str = ""
    topics: str = ""
    languages: list[str] = []
    place: Annotated[str, Meta(max_length=200)] = ""
    label_1: str = ""
    value_1: str = ""
    label_2: str = ""
    value_2: str = ""
    label_3: str = ""
    value_3: str = ""
    posting: str = "members"
    newcomer_posts: Annotated[int, Meta(ge=0, le=20)] = 0
    slow_mode_s: int = 0
    log_visibility: str = "members"
    step: str = "save"


class GroupFormPage(msgspec.Struct, frozen=True, kw_only=True):
    """Context of groups/edit.html; `group_id` is 0 while it is founded."""

    form: Form[GroupForm]
    group_id: int = 0
    name: str = ""
    path: str = "/groups"
    host: str = ""
    avatar_url: str = ""
    openness: list[Choice]
    visibilities: list[Choice]
    meanings: list[tuple[str, str]]
    meaning: str
    languages: list[Choice]
    postings: list[Choice]
    paces: list[Choice]
    logs: list[Choice]
    line_numbers: tuple[int, ...] = tuple(range(1, LINKS + 1))
    done: bool = False
    may_own: bool = False
    archived: bool = False
    ends: bool = False


def lines_of(text: str) -> tuple[str, ...]:
    """What stands in a field of several lines, one each; empty ones are left out."""
    return tuple(line.strip(" \t•*-") for line in text.split("\n") if line.strip(" \t•*-"))


def _links_of(given: GroupForm) -> tuple[Field, ...]:
    pairs = [(getattr(given, f"label_{n}"), getattr(given, f"value_{n}")) for n in range(1, LINKS + 1)]
    return tuple(Field(label, value) for label, value in pairs if label or value)


def change_of(given: GroupForm) -> GroupChange:
    """What to change, as the form says."""
    return GroupChange(
        name=given.name,
        description=given.description,
        openness=given.openness,
        visibility=given.visibility,
        question=given.question,
        rules=lines_of(given.rules),
        topics=lines_of(given.topics),
        languages=_known(given.languages),
        place=given.place,
        links=_links_of(given),
        posting=given.posting,
        newcomer_posts=given.newcomer_posts,
        slow_mode_s=given.slow_mode_s,
        log_visibility=given.log_visibility,
        avatar_alt=given.avatar_alt,
    )


def founding_of(given: GroupForm) -> Founding:
    """The new group, as the form says."""
    change = msgspec.structs.asdict(change_of(given))
    return Founding(username=given.username.strip().lstrip("@"), **change)


def _known(codes: list[str]) -> tuple[str, ...]:
    return tuple(code for code in codes if code in _LANGUAGES)


def filled(actor: Actor, group: Group, topics: list[Topic]) -> Form[GroupForm]:
    """The form as a group stands."""
    lines: dict[str, str] = {}
    for number, field in enumerate(actor.fields[:LINKS], start=1):
        lines[f"label_{number}"] = str(field.get("name", ""))
        lines[f"value_{number}"] = str(field.get("source", ""))
    return Form(
        GroupForm(
            name=actor.display_name,
            username=actor.username,
            description=actor.summary_source,
            avatar_alt=actor.avatar_alt,
            openness=group.openness,
            visibility=group.visibility,
            question=group.question,
            rules="\n".join(group.rules),
            topics="\n".join(topic.name for topic in topics),
            languages=list(group.languages),
            place=group.place,
            posting=group.posting,
            newcomer_posts=group.newcomer_posts,
            slow_mode_s=group.slow_mode_s,
            log_visibility=group.log_visibility,
            **lines,  # type: ignore[arg-type]
        )
    )


def page(form: Form[GroupForm], *, host: str, group: Group | None = None) -> GroupFormPage:
    """The form with everything it offers."""
    openness, visibility = form.text("openness", "open"), form.text("visibility", "public")
    known = openness in OPENNESS
    others_know = group is not None and group.visibility != "local"
    return GroupFormPage(
        form=form,
        group_id=group.actor_id if group is not None else 0,
        name=group.name if group is not None else "",
        path=f"/@{group.username}" if group is not None else "/groups",
        host=host,
        openness=present.openness_choices(),
        visibilities=present.visibility_choices(never_local=others_know),
        meanings=present.list_meanings(),
        meaning=present.explain(openness, visibility) if known and visibility in present.READERS else "",
        languages=[Choice(value=code, label=i18n.own_name(code)) for code in _LANGUAGES],
        postings=[
            Choice(value="members", label=_("Every member")),
            Choice(
                value="moderators",
                label=_("Only those who look after the group"),
                note=_("Members can still answer."),
            ),
        ],
        paces=[
            Choice(value="0", label=_("No pause")),
            Choice(value="300", label=_("5 minutes")),
            Choice(value="3600", label=_("One hour")),
            Choice(value="86400", label=_("One day")),
        ],
        logs=[
            Choice(value="members", label=_("The members")),
            Choice(value="public", label=_("Everybody who can read in the group")),
        ],
        may_own=False,
        archived=group is not None and group.archived_at is not None,
        ends=group is not None and group.ends_at is not None,
    )
