"""The client API of reports: write one.

Spec: Mastodon 4.5 client API, method "reports".
"""

import msgspec
from aiohttp import web

from node.appkeys import NODE
from node.features.actors.entities import Account, account, stamp
from node.features.follows.api_accounts import get_shown
from node.features.media.entities import addresses_of
from node.features.reports import service
from node.web import api
from node.web.api_params import read_params


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Mastodon's Report."""

    id: str
    action_taken: bool
    action_taken_at: str | None
    category: str
    comment: str
    forwarded: bool
    created_at: str
    status_ids: list[str]
    rule_ids: list[str]
    target_account: Account


async def write(request: web.Request) -> Report:
    """POST /api/v1/reports"""
    node, viewer = request.app[NODE], api.viewer(request)
    params = await read_params(request)
    target_id = params.find_id("account_id")
    if target_id is None:
        raise api.ApiRefusal(404, "Record not found")
    rule_ids = params.ids("rule_ids", 40)
    category = params.text("category") or ("violation" if rule_ids else "other")
    if category not in service.CATEGORIES:
        raise api.invalid("category", "ERR_INCLUSION", "is not included in the list")
    post_ids = params.ids("status_ids", service.MOST_POSTS)
    async with node.db.tx() as tx:
        target = await get_shown(tx, target_id, viewer.actor_id)
        report = await service.write_report(
            tx,
            node,
            viewer.actor_id,
            service.Draft(
                target_id=target_id,
                post_ids=tuple(dict.fromkeys(post_ids)),
                category=category,
                rule_ids=tuple(rule_ids),
                comment=params.text("comment"),
                forward=params.flag("forward"),
            ),
        )
    return Report(
        id=str(report.id),
        action_taken=False,
        action_taken_at=None,
        category=report.category,
        comment=report.comment,
        forwarded=report.forwarded,
        created_at=stamp(report.created_at),
        status_ids=[str(post_id) for post_id in post_ids],
        rule_ids=[str(rule_id) for rule_id in rule_ids],
        target_account=account(target, addresses_of(node)),
    )


ROUTES = (api.route("POST", "/api/v1/reports", write, scope="write:reports"),)
