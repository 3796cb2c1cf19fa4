"""What posts of kind Question ask: options, votes, when they end. `posts` writes, sends and shows them."""

from node.feature import Feature

FEATURE = Feature(name="polls")
