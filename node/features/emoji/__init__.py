"""Emoji that people answer a post with: kept apart from likes. `posts` takes them in and shows them."""

from node.feature import Feature

FEATURE = Feature(name="emoji")
