"""Every client API route of posts, for the feature's registration."""

from node.features.posts import api_marks, api_polls, api_read, api_write

ROUTES = (*api_read.ROUTES, *api_write.ROUTES, *api_marks.ROUTES, *api_polls.ROUTES)
