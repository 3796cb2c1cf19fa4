"""The pages of accounts: coming in, and looking after the people of the house."""

from node.features.accounts.pages import joining, manage, signing_in

ROUTES = (*signing_in.ROUTES, *joining.ROUTES, *manage.ROUTES)
