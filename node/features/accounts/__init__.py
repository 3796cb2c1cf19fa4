"""Who can sign in here: joining, sessions, mail, and looking after the people of the house."""

from node.errors import N_
from node.feature import Feature, NavItem
from node.features.accounts import api, jobs, pages

FEATURE = Feature(
    name="accounts",
    routes=(*pages.ROUTES, *api.ROUTES),
    jobs=jobs.JOBS,
    sweeps=jobs.SWEEPS,
    retention=jobs.RETENTION,
    nav=(
        NavItem(N_("Sign in"), "/sign-in", "person", "visitor", 40),
        NavItem(N_("Look after the house"), "/manage", "people", "moderator", 190),
    ),
)
