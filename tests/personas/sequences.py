"""What real servers were seen to do in several steps, and the test that does the same to a living node.

Rows are (program, what it does, what follows for us, test in `test_sequences`); docs/interoperability.md shows them.
"""

from __future__ import annotations

from typing import Final

SEQUENCES: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("GoToSocial", "shows a person to signed questions only, their key at a path of its own, and has no shared inbox",
     "known at the first try, answered at their own inbox, in a media type it takes",
     "test_gotosocial_shows_its_people_to_signed_questions_only"),
    ("GoToSocial", "reads person, WebFinger, NodeInfo, `/api/v1/instance` and four collections at first contact",
     "all are there", "test_gotosocial_reads_us_at_first_contact"),
    ("GoToSocial", "drops what neither follows nor mentions, with 202", "answers carry a `Mention`",
     "test_gotosocial_keeps_only_answers_that_mention_by_tag"),
    ("Mastodon", "asks for actor, key and WebFinger before it accepts a follow", "all three name one another",
     "test_mastodon_asks_who_we_are_before_it_accepts"),
    ("Mastodon", "tells every inbox that an account ended, also of accounts nobody heard of",
     "one end, and no questions about strangers", "test_mastodon_tells_every_inbox_of_an_end_and_more_than_once"),
    ("Friendica", "delivers to the shared and the personal inbox, and again under another id", "one post, one notice",
     "test_friendica_delivers_to_both_doors_and_again"),
    ("Takahē", "accepts before it has answered our request", "the follow is accepted",
     "test_takahe_accepts_before_it_has_answered"),
    ("Fedify", "embeds the whole person in the follow it accepts", "the follow is accepted",
     "test_fedify_accepts_with_us_embedded_whole"),
    ("Fedify", "delivers again in the other signature after any refusal", "one effect",
     "test_fedify_knocks_again_with_another_signature_after_any_no"),
    ("PieFed, snac", "do not answer a second follow", "an `Undo` goes before it",
     "test_piefed_and_snac_answer_a_second_follow_only_after_an_undo"),
    ("PieFed, snac", "answer yes to RFC 9421 and drop it", "unknown hosts get draft-cavage first",
     "test_piefed_and_snac_say_yes_to_signatures_they_cannot_read"),
    ("Gancio", "answers 500 to RFC 9421", "the same goes out in the old form",
     "test_gancio_breaks_over_the_new_signatures"),
    ("bovine", "shows nothing to unsigned questions and checks the key of who asks by an unsigned one",
     "asked by the house's own actor, whose key is open",
     "test_bovine_shows_nothing_without_a_signature_whose_key_is_open"),
    ("Lemmy", "announces what members did, out of order and twice", "each stands there once, nothing waits or fails",
     "test_lemmy_announces_what_members_did_in_any_order"),
    ("Mobilizon", "closes members, events and more to strangers", "the group is asked to let us in, they are not asked for",
     "test_mobilizon_names_collections_that_only_members_may_read"),
    ("toot, Mastodon.py, megalodon, masto", "begin with slashes at the end and with JSON", "answered alike",
     "test_programs_begin_as_they_were_seen_to"),
)  # fmt: skip
