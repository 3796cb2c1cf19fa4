"""Follow, Accept, Reject, Undo, Block as activities. Spec: AP §7.5–7.7, §7.9, §7.10.

The Follow is always embedded in what answers or undoes it: many peers need it whole.
"""

from federation import vocab


def follow(uri: str, follower_uri: str, followee_uri: str) -> vocab.Follow:
    """Ask to follow."""
    return vocab.Follow(id=uri, actor=follower_uri, object=followee_uri, to=(followee_uri,))


def answer(
    uri: str, follow_uri: str, follower_uri: str, followee_uri: str, *, accept: bool
) -> vocab.Activity:
    """Say yes or no to a Follow, echoed exactly as it came."""
    asked = vocab.Follow(id=follow_uri, actor=follower_uri, object=followee_uri)
    kind = vocab.Accept if accept else vocab.Reject
    return kind(id=uri, actor=followee_uri, object=asked, to=(follower_uri,))


def undo_follow(uri: str, follow_uri: str, follower_uri: str, followee_uri: str) -> vocab.Undo:
    """Follow no more, or take the request back."""
    asked = vocab.Follow(id=follow_uri, actor=follower_uri, object=followee_uri)
    return vocab.Undo(id=uri, actor=follower_uri, object=asked, to=(followee_uri,))


def block(uri: str, actor_uri: str, target_uri: str) -> vocab.Block:
    """Have nothing to do with somebody."""
    return vocab.Block(id=uri, actor=actor_uri, object=target_uri, to=(target_uri,))


def undo_block(uri: str, block_uri: str, actor_uri: str, target_uri: str) -> vocab.Undo:
    """Lift a block."""
    lifted = vocab.Block(id=block_uri, actor=actor_uri, object=target_uri)
    return vocab.Undo(id=uri, actor=actor_uri, object=lifted, to=(target_uri,))
