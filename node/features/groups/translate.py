"""Groups and what is said about belonging to them, as documents and activities; pure.

Spec: FEP-1b12 (moderators, announcing), Mobilizon's Join, Leave, Invite and Member.
"""

from typing import Any, Final

import msgspec

from federation import vocab
from node.features.groups.store.bans import Ban
from node.features.groups.store.groups import Group

# Our roles in Mobilizon's words, both ways. Editors are members to whom does not know them.
ROLE_WORDS: Final = {
    "member": "member",
    "editor": "member",
    "moderator": "moderator",
    "admin": "administrator",
    "owner": "creator",
}
ROLES_READ: Final = {
    "member": "member",
    "editor": "editor",
    "moderator": "moderator",
    "administrator": "admin",
    "admin": "admin",
    "creator": "owner",
    "owner": "owner",
}
PLACES: Final = ("events", "posts", "discussions", "resources")


def describe(document: vocab.Actor, group: Group) -> vocab.Actor:
    """The document of one of our groups: what Lemmy, Mastodon, Mobilizon and our own kind read of it."""
    return msgspec.structs.replace(
        document,
        source=None,
        moderators=group.moderators_uri,
        members=group.members_uri,
        openness=group.openness,
        member_count=group.members_count,
        members_only=group.visibility == "private",
        posting_restricted_to_mods=group.posting == "moderators",
        join_question=group.question or None,
        group_rules=tuple(group.rules),
        **{place: f"{group.uri}/{place}" for place in PLACES},
    )


def join(uri: str, actor_uri: str, group_uri: str, answer: str) -> vocab.Join:
    """Ask to belong; `content` answers the group's question."""
    return vocab.Join(id=uri, actor=actor_uri, object=group_uri, content=answer or None, to=(group_uri,))


def leave(join_uri: str, actor_uri: str, group_uri: str) -> vocab.Leave:
    """Belong no longer. Named after what it ends, so that one that is late ends nothing newer."""
    return vocab.Leave(id=f"{join_uri}#leave", actor=actor_uri, object=group_uri, to=(group_uri,))


def answer(
    uri: str, asked: vocab.Activity, group_uri: str, *, accept: bool, reason: str = ""
) -> vocab.Activity:
    """Say yes or no to a Join or Follow, echoed as it came."""
    kind = vocab.Accept if accept else vocab.Reject
    return kind(id=uri, actor=group_uri, object=asked, to=(asked.actor,), summary=reason or None)


def asking(form: str, uri: str, actor_uri: str, group_uri: str) -> vocab.Activity:
    """What somebody said to get in, as much of it as an answer needs."""
    kind = vocab.Follow if form == "Follow" else vocab.Join
    return kind(id=uri, actor=actor_uri, object=group_uri)


def member(uri: str, actor_uri: str, group_uri: str, role: str) -> vocab.Verbatim:
    """Somebody's membership as Mobilizon names it: its id is that of the Join or Invite."""
    return vocab.Verbatim(
        id=uri,
        type="Member",
        raw={
            "id": uri,
            "type": "Member",
            "actor": actor_uri,
            "object": group_uri,
            "role": ROLE_WORDS.get(role, role),
        },
    )


def invite(uri: str, by_uri: str, group: Group, target_uri: str) -> vocab.Invite:
    """Ask somebody to come in."""
    return vocab.Invite(
        id=uri,
        actor=by_uri,
        attributed_to=group.uri,
        object=group.uri,
        target=target_uri,
        to=(target_uri, group.members_uri),
        cc=(group.uri,),
    )


def invitation_answer(
    uri: str, invited: vocab.Verbatim, actor_uri: str, group_uri: str, *, accept: bool
) -> vocab.Activity:
    """Say yes or no to an invitation."""
    if accept:
        return vocab.Accept(
            id=uri, actor=actor_uri, attributed_to=group_uri, object=invited, to=(group_uri,), cc=(group_uri,)
        )
    return vocab.Reject(id=uri, actor=actor_uri, object=invited.id, to=(group_uri,))


def audience_of(group: Group) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(to, cc) of what a group tells everybody who follows it; of a closed one nobody else."""
    if group.shown_to_strangers:
        return (vocab.PUBLIC,), (group.followers_uri,)
    return (group.followers_uri,), ()


def _moderating(group: Group, uri: str, by_uri: str) -> dict[str, Any]:
    public = (vocab.PUBLIC,) if group.shown_to_strangers else (group.followers_uri,)
    return {"id": uri, "actor": by_uri, "to": public, "cc": (group.uri,), "audience": (group.uri,)}


def appoint(group: Group, uri: str, by_uri: str, target_uri: str, *, moderates: bool) -> vocab.Activity:
    """Somebody moderates from now on, or no longer: Add or Remove on the collection of moderators."""
    kind = vocab.Add if moderates else vocab.Remove
    return kind(object=target_uri, target=group.moderators_uri, **_moderating(group, uri, by_uri))


def block(group: Group, ban: Ban, by_uri: str, target_uri: str) -> vocab.Block:
    """Keep somebody out of the group, until `endTime` if it has an end."""
    return vocab.Block(
        object=target_uri,
        target=group.uri,
        summary=ban.reason or None,
        end_time=ban.expires_at,
        **_moderating(group, ban.uri, by_uri),
    )


def unblock(group: Group, uri: str, by_uri: str, lifted: vocab.Block) -> vocab.Undo:
    """Let somebody come back."""
    return vocab.Undo(object=lifted, **_moderating(group, uri, by_uri))


def expel(group: Group, uri: str, by_uri: str, member_uri: str, reason: str) -> vocab.Remove:
    """Put a member out, as Mobilizon says it."""
    return vocab.Remove(
        object=member_uri, origin=group.uri, summary=reason or None, **_moderating(group, uri, by_uri)
    )


def announce(group: Group, uri: str, inner: dict[str, Any]) -> vocab.Announce:
    """What somebody did in the group, passed on as they said it (FEP-1b12)."""
    to, cc = audience_of(group)
    told = {key: value for key, value in inner.items() if key != "@context"}
    wrapped = vocab.Verbatim(id=inner.get("id"), type=str(inner.get("type")), raw=told)
    return vocab.Announce(id=uri, actor=group.uri, object=wrapped, to=to, cc=cc)


def with_role(about: vocab.Verbatim, role: str) -> vocab.Verbatim:
    """A membership that says our own word for the role besides the one Mobilizon knows."""
    return msgspec.structs.replace(about, raw={**about.raw, "groupRole": role})
