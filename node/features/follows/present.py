"""People as pages show them: lines, faces, and where their page is.

Pictures of people elsewhere come through our own proxy. Called by pages of this and higher features.
"""

from node.appkeys import Viewer
from node.features.actors.store.reads import Actor
from node.features.media import proxy
from node.runtime import Node
from node.web.cards import PersonLine


def short_handle(actor: Actor) -> str:
    """`alice` for ours, `bob@peer.example` for others."""
    return actor.username if actor.local else actor.handle


def page_path(actor: Actor) -> str:
    """Where somebody's page is on this node."""
    return f"/@{short_handle(actor)}"


def person_line(node: Node, actor: Actor, note: str = "") -> PersonLine:
    """Somebody in one line."""
    return PersonLine(
        id=actor.id,
        name=actor.name,
        handle=short_handle(actor),
        url=page_path(actor),
        avatar_url=proxy.url_for(node, actor.avatar_url, "avatar") or None,
        here=actor.local,
        is_group=actor.kind in ("Group", "Organization"),
        is_machine=actor.kind in ("Service", "Application"),
        note=note,
    )


def is_self(viewer: Viewer | None, actor: Actor) -> bool:
    """Whether somebody looks at themselves."""
    return viewer is not None and viewer.actor_id == actor.id
