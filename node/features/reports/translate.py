"""Reports as activities; pure. Spec: AS2 Vocabulary `Flag`, as Mastodon and others speak it."""

from collections.abc import Sequence

from federation import vocab

MAX_COMMENT_CHARS = 5000


def flag(uri: str, instance_uri: str, target_uri: str, post_uris: Sequence[str], comment: str) -> vocab.Flag:
    """A report to another node, in the name of the house: nobody there learns who wrote it."""
    return vocab.Flag(
        id=uri,
        actor=instance_uri,
        object=target_uri,
        objects=(target_uri, *post_uris),
        content=comment,
        to=(target_uri,),
    )
