"""Ask every policy in order and say what becomes of an activity.

Feeds a Change onward, stops at the first Drop, remembers a Hold (a later Drop wins). A policy
that raises means Hold, never Pass: a fault must not open the door.
"""

import logging
from collections.abc import Callable

from federation import vocab
from moderation.facts import Facts
from moderation.policies import POLICIES
from moderation.verdict import Change, Drop, Hold, Pass, Stage, Verdict

log = logging.getLogger("moderation")

Judge = Callable[[vocab.Activity, Facts], Verdict]


def judge(stage: Stage, activity: vocab.Activity, facts: Facts) -> Verdict:
    """The verdict of all policies of this stage together."""
    held: Hold | None = None
    changed: Change | None = None
    for policy in POLICIES:
        if stage not in policy.STAGES:
            continue
        verdict = _ask(policy.NAME, policy.judge, activity, facts)
        if isinstance(verdict, Drop):
            return verdict
        if isinstance(verdict, Hold):
            held = held or verdict
        elif isinstance(verdict, Change):
            changed, activity = verdict, verdict.activity
    return held or changed or Pass()


def _ask(name: str, ask: Judge, activity: vocab.Activity, facts: Facts) -> Verdict:
    try:
        return ask(activity, facts)
    except Exception:  # whatever a policy does wrong
        log.exception("policy %s raised", name)
        return Hold("policy_fault", name)
