"""The pages of groups that show no posts: the list, founding, settings, joining, and running one."""

from node.errors import N_
from node.feature import NavItem, Route
from node.features.groups.pages import deciding, ending, founding, inviting, joining, listing, people

ROUTES: tuple[Route, ...] = (
    *listing.ROUTES,
    *founding.ROUTES,
    *joining.ROUTES,
    *inviting.ROUTES,
    *people.ROUTES,
    *deciding.ROUTES,
    *ending.ROUTES,
)
NAV: tuple[NavItem, ...] = (
    NavItem(N_("Groups"), "/groups", "people", "member", 20),
    NavItem(N_("Groups"), "/groups", "people", "visitor", 30),
)
