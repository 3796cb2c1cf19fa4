"""The house itself: its name, rules and door, the pages about it, and the admin's view of the wire."""

from node.errors import N_
from node.feature import Feature, NavItem
from node.features.house import api, hosts, pages

FEATURE = Feature(
    name="house",
    routes=(*pages.ROUTES, *hosts.ROUTES, *api.ROUTES),
    nav=(
        NavItem(N_("About us"), "/about", "home", "visitor", 30),
        NavItem(N_("Rules"), "/rules", "done", "visitor", 110),
        NavItem(N_("About us"), "/about", "home", "member", 150),
    ),
)
