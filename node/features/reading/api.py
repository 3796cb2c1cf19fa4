"""Every client API route of reading, for the feature's registration."""

from node.features.reading import api_grouped, api_instance, api_notifications, api_timelines

ROUTES = (*api_timelines.ROUTES, *api_notifications.ROUTES, *api_grouped.ROUTES, *api_instance.ROUTES)
