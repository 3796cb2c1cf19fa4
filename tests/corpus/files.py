"""The corpus: where it lies, and what each of its files is read as.

It belongs to other projects and is not copied: where it is missing, the tests that need it are skipped.
`READ_AS` names every file; a file it does not name fails, and so does a name without a file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "corpus"
needed = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the corpus of other projects' documents is not beside this repository"
)

# What it is: a Struct's type, for a deed with its object's; after "!" the code it is refused with.
READ_AS = {
    "lemmy/discourse/objects/person": "Person",
    "lemmy/friendica/activities/create_note": "Create Note",
    "lemmy/friendica/activities/create_page_2": "Create Article",
    "lemmy/friendica/activities/delete": "Delete Tombstone",
    "lemmy/friendica/activities/dislike_page": "Dislike",
    "lemmy/friendica/objects/note_1": "Note",
    "lemmy/friendica/objects/page_1": "Page",
    "lemmy/friendica/objects/person_2": "Organization",
    "lemmy/gnusocial/activities/create_note": "Create Note",
    "lemmy/gnusocial/activities/create_page": "Create Page",
    "lemmy/gnusocial/objects/group": "Group",
    "lemmy/gnusocial/objects/note": "Note",
    "lemmy/lemmy/activities/community/add_mod": "Add",
    "lemmy/lemmy/activities/community/report_page": "Flag",
    "lemmy/lemmy/activities/community/undo_lock_note": "Undo Lock",
    "lemmy/lemmy/activities/community/undo_lock_page": "Undo Lock",
    "lemmy/lemmy/activities/community/update_community": "Update Group",
    "lemmy/lemmy/activities/create_or_update/create_page": "Create Page",
    "lemmy/lemmy/activities/create_or_update/create_private_message": "Create Note",
    "lemmy/lemmy/activities/deletion/delete_user": "Delete",
    "lemmy/lemmy/activities/deletion/undo_delete_private_message": "Undo Delete",
    "lemmy/lemmy/activities/following/accept": "Accept Follow",
    "lemmy/lemmy/activities/voting/undo_dislike_page": "Undo Like",
    "lemmy/lemmy/activities/voting/undo_like_note": "Undo Like",
    "lemmy/lemmy/collections/group_followers": "Collection",
    "lemmy/lemmy/collections/group_outbox": "OrderedCollection",
    "lemmy/lemmy/collections/person_outbox": "OrderedCollection",
    "lemmy/lemmy/objects/comment": "Note",
    "lemmy/lemmy/objects/group": "Group",
    "lemmy/lemmy/objects/page": "Page",
    "lemmy/lemmy/objects/person": "Person",
    "lemmy/lemmy/objects/private_message": "Note",
    "lemmy/lemmy/objects/tombstone": "Tombstone",
    "lemmy/lotide/objects/page": "Page",
    "lemmy/lotide/objects/person": "Person",
    "lemmy/mastodon/activities/create_note": "Create Note",
    "lemmy/mastodon/activities/delete": "Delete Tombstone",
    "lemmy/mastodon/activities/private_message": "Note",
    "lemmy/mastodon/objects/note_1": "Note",
    "lemmy/mastodon/objects/note_2": "Note",
    "lemmy/mastodon/objects/person": "Person",
    "lemmy/mbin/activities/accept": "Accept Follow",
    "lemmy/mbin/activities/flag": "Flag",
    "lemmy/mitra/activities/accept": "Accept",
    "lemmy/mitra/activities/create_post": "Create Note",
    "lemmy/nodebb/objects/group": "Group",
    "lemmy/nodebb/objects/page": "Article",
    "lemmy/peertube/objects/group": "Group",
    "lemmy/peertube/objects/note": "Note",
    "lemmy/peertube/objects/person": "Person",
    "lemmy/peertube/objects/video": "Video",
    "lemmy/pleroma/activities/create_note": "Create Note",
    "lemmy/pleroma/activities/delete": "Delete",
    "lemmy/pleroma/activities/follow": "Follow",
    "lemmy/pleroma/objects/chat_message": "Note",
    "lemmy/pleroma/objects/note": "Note",
    "lemmy/pleroma/objects/person": "Person",
    "lemmy/smithereen/activities/create_note": "Create Note",
    "lemmy/smithereen/objects/note": "Note",
    "lemmy/smithereen/objects/person": "Person",
    "lemmy/wordpress/activities/announce": "Announce Update",
    "lemmy/wordpress/objects/page": "Article",
    "lemmy/wordpress/objects/person": "Person",
    "mobilizon/gancio-actor": "Application",
    "mobilizon/gancio-event-activity": "Create Event",
    "mobilizon/https__info.pleroma.site_activity": "Note",
    "mobilizon/mastodon-actor": "Person",
    "mobilizon/mastodon-announce": "Announce",
    "mobilizon/mastodon-delete-user": "Delete",
    "mobilizon/mastodon-delete": "Delete Tombstone",
    "mobilizon/mastodon-follow-activity": "Follow",
    "mobilizon/mastodon-like": "Like",
    "mobilizon/mastodon-post-activity": "Create Note",
    "mobilizon/mastodon-reject-activity": "Reject Follow",
    "mobilizon/mastodon-status-3": "Note",
    "mobilizon/mastodon-status-4": "Note",
    "mobilizon/mastodon-status-5": "Note",
    "mobilizon/mastodon-status": "Note",
    "mobilizon/mobilizon-invite-activity": "Invite",
    "mobilizon/mobilizon-join-activity": "Join",
    "mobilizon/mobilizon-post-activity-media-2": "Create Event",
    "mobilizon/mobilizon-post-activity-media": "Create Event",
    "mobilizon/nodeinfo/both_versions": "!no_type",
    "mobilizon/nodeinfo/regular": "!no_type",
    "mobilizon/nodeinfo/wp-data": "!no_type",
    "mobilizon/prismo-url-map": "Create Article",
    "mobilizon/webfinger/peertube-webfinger": "!no_type",
    "mobilizon/webfinger/pleroma-webfinger": "!no_type",
}


def load(name: str) -> dict[str, Any]:
    """One document, by its name in `READ_AS`."""
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return document
