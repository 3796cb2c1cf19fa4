"""Every client API route of people and their relations, for the feature's registration."""

from node.features.follows import api_accounts, api_profile, api_relations

ROUTES = (*api_accounts.ROUTES, *api_profile.ROUTES, *api_relations.ROUTES)
