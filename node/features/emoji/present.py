"""Emoji reactions as pages show them: small, counted, never a ranking of people."""

from node.features.emoji.store import Reacted
from node.features.media import proxy
from node.i18n import ngettext
from node.runtime import Node
from node.web.cards import ReactionChip


def chip(node: Node, one: Reacted) -> ReactionChip:
    """One emoji with how often it was given; pictures come through our own address."""
    words = ngettext("%(emoji)s from %(num)d person", "%(emoji)s from %(num)d people", one.count)
    return ReactionChip(
        emoji=one.emoji,
        picture_url=proxy.url_for(node, one.picture_url, "avatar"),
        count=one.count,
        label=words % {"emoji": one.emoji, "num": one.count},
    )
