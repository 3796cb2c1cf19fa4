"""The features of this node, lowest first: a feature may import only those above it in this list."""

from node.feature import Feature
from node.features import (
    accounts,
    actors,
    emoji,
    follows,
    house,
    leaving,
    media,
    neighbours,
    notifications,
    oauth,
    polls,
    posts,
    quotes,
    reach,
    reading,
    search,
    settings,
    timelines,
)

FEATURES: tuple[Feature, ...] = (
    house.FEATURE,
    actors.FEATURE,
    accounts.FEATURE,
    oauth.FEATURE,
    notifications.FEATURE,
    media.FEATURE,
    timelines.FEATURE,
    follows.FEATURE,
    polls.FEATURE,
    emoji.FEATURE,
    neighbours.FEATURE,
    posts.FEATURE,
    quotes.FEATURE,
    reach.FEATURE,
    reading.FEATURE,
    search.FEATURE,
    settings.FEATURE,
    leaving.FEATURE,
)
