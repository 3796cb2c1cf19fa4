"""What a person sets for themselves: profile, account, privacy, sessions. Pages only."""

from node.errors import N_
from node.feature import Feature, NavItem
from node.features.settings import pages, pages_account, pages_move, pages_profile

FEATURE = Feature(
    name="settings",
    routes=(*pages.ROUTES, *pages_profile.ROUTES, *pages_account.ROUTES, *pages_move.ROUTES),
    nav=(NavItem(N_("Settings"), "/settings", "person", "member", 180),),
)
