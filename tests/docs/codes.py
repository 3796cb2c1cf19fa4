"""docs/codes.md, made from the tables in the program: `python -m tests.docs.codes` writes it anew.

The meanings of how an arrived activity ends stand here, because the handlers that name them are small and many;
a test finds every one of them in their source.
"""

from __future__ import annotations

import ast

from federation.errors import CODES as WIRE_CODES
from node.errors import CODES as NODE_CODES
from node.features.posts.in_groups import REFUSALS
from tests.house.tree import ROOT, dotted, modules, parsed

PAGE = ROOT / "docs" / "codes.md"

ENDS: dict[str, str] = {
    "actor_unknown": "it is about somebody this node has never met",
    "author_suspended": "it passes on a post of somebody who is shut out here",
    "follow_unknown": "it answers or takes back a follow this node does not know",
    "banned_from_group": "the group keeps its author out",
    "group_closed": "the group was archived, or is no more",
    "known_already": "it came before",
    "moderators_only": "in that group only those who run it begin new conversations",
    "member_unknown": "it answers or ends a membership this node does not know",
    "moved_before": "the account moved already within the last week",
    "no_leave_named": "it agrees to a quote without naming leave of its own host",
    "no_such_choice": "a vote for what cannot be chosen in that poll, or below a post that asks nothing",
    "nobody_here_asked": "nobody here follows the sender, and nobody here is mentioned",
    "not_a_member": "its author does not belong to the group it is written to",
    "not_a_moderator": "it removes, locks or pins a post in a group whose moderators its sender is not among",
    "not_an_alias": "the new account does not name the old one",
    "not_an_emoji": "a reaction that is no emoji",
    "not_asked": "it answers a follow that was meant for somebody else",
    "not_followable": "the house itself is followed by other houses only, and only if its admins let them",
    "not_for_this_group": "it is for other readers than the group has",
    "not_in_group": "it is about a post that is not in that group, or was not meant for it",
    "not_moderator": "their role in the group does not cover what they want done",
    "not_newer": "an edit that is not newer than what is here",
    "not_ours": "it is about somebody of another node",
    "not_owner": "the sender speaks about a thing of somebody else",
    "not_public": "it passes on a post that is not public",
    "not_visible": "it is about a post the sender may not see",
    "nothing_takes_it": "a known kind of activity that no part of this node has a use for yet",
    "poll_ended": "a vote that came after the end of the poll",
    "post_unknown": "it is about a post that is not here",
    "quoting_post_unknown": "it asks to quote with a post that could not be had",
    "sender_gone": "the sender's account was deleted",
    "sender_suspended": "the sender is shut out here",
    "sender_unknown": "the sender could not be looked up",
    "target_moved": "the account it points to has moved on itself",
    "target_unknown": "the account it points to could not be had",
    "thread_locked": "it answers in a conversation that was closed",
    "too_fast": "the group is slow, and its author wrote there a moment ago",
    "unknown_object": "a kind of thing this node does not understand yet",
    "unknown_target": "it adds to or removes from a collection that is not the sender's own",
    "unknown_type": "a kind of activity this node does not understand yet",
    "votes_against": "a vote against something, which nobody counts here",
    "waits_in_group": "those who run the group look at it before others do",
    "worker_died": "the program died over it again and again",
    "vote": "a vote in a poll that is not one of ours",
    "voted_already": "somebody voted a second time",
}

_STATES = """| state | means | what to do |
|---|---|---|
| `new` | waits, or waits for its next try | nothing |
| `done` | it had its effect | nothing |
| `ignored` | nothing here concerns us, or it came before | nothing |
| `held` | a rule wants a person to look at it | nothing yet: the desk for it comes later |
| `refused` | proved, but not allowed | nothing; the code says why |
| `failed` | tried for days, or the program broke | read the log, then run it again under `/manage/wire` |"""


def named_in_handlers() -> set[str]:
    """Every code a handler or the worker gives an ending, found in their source."""
    found: set[str] = set(REFUSALS)
    for path in modules():
        judges = path.name.startswith("inbound") or path.name in ("in_groups.py", "group_acts.py")
        if not (dotted(path).startswith("node.wire.") or judges):
            continue
        for call in (node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)):
            name = ast.unparse(call.func)
            if name in ("Ignored", "Refused") or (name == "Outcome" and len(call.args) > 2):
                argument = call.args[-1] if name != "Outcome" else call.args[2]
                found |= {
                    inner.value
                    for inner in ast.walk(argument)
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
                }
    return found


def render() -> str:
    """The page."""
    lines = [
        "# Codes",
        "",
        "<!-- Made by `python -m tests.docs.codes`; a test keeps it fresh. -->",
        "",
        "Every time Allmende says no it gives a short name for the reason: in the log, in answers to other nodes and",
        "programs, and in the lists of `/manage/wire`.",
        "",
        "## What became of an arrived activity",
        "",
        _STATES,
        "",
        "## Reasons given by handlers (`ignored`, `refused`)",
        "",
        "| code | meaning |",
        "|---|---|",
        *(f"| `{code}` | {meaning} |" for code, meaning in sorted(ENDS.items())),
        "| `policy_fault` | a rule broke on it, so it is held |",
        "| `database` | the database said no; it is tried again |",
        "",
        "## Reasons given by the protocol",
        "",
        "An inbox answers these with 400, 401, 403, 413, 415 or 503 and stores nothing; later, while an activity is",
        "worked off, they are its code. Deliveries end with the same names, or with `http_` and the other side's status.",
        "",
        "| code | meaning |",
        "|---|---|",
        *(f"| `{code}` | {meaning} |" for code, meaning in WIRE_CODES.items()),
        "",
        "## What people and programs are told",
        "",
        "| code | status | words |",
        "|---|---|---|",
        *(f"| `{code}` | {status} | {words} |" for code, (status, words) in NODE_CODES.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
    # The other page that tests make; whoever adds a document or a code makes both.
    from tests.docs import interop

    interop.PAGE.write_text(interop.render(), "utf-8")
