"""Text people write and text that comes from elsewhere: made safe, made plain, made of source.

`clean` handles foreign HTML, `compose` turns what somebody typed into HTML, `marks` finds
mentions and hashtags. Nothing here touches a database or the network. Called by features and jobs.
"""

from node.text.clean import clean_html, is_safe_link, one_line, plain_text, tidy
from node.text.compose import Composed, compose, find_hashtags, find_mentions
from node.text.marks import normalise_hashtag

__all__ = [
    "Composed",
    "clean_html",
    "compose",
    "find_hashtags",
    "find_mentions",
    "is_safe_link",
    "normalise_hashtag",
    "one_line",
    "plain_text",
    "tidy",
]
