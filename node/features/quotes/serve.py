"""The leave our people gave, as other nodes fetch it to check a quote. Spec: FEP-044f."""

from aiohttp import web

from node.appkeys import NODE
from node.errors import NodeError
from node.feature import Route
from node.features.posts import quoting, views
from node.features.posts.store import quotes
from node.features.quotes import translate
from node.wire import serve


async def show_authorization(request: web.Request) -> web.Response:
    """Leave that counts; gone once it was taken back, missing when the post is not public."""
    node, stamp_id = request.app[NODE], int(request.match_info["id"])
    if stamp_id >= 1 << 63:
        return serve.answer_missing()
    async with node.db.read() as tx:
        stamp = await quotes.find_stamp_by_id(tx, stamp_id)
        if stamp is None:
            return serve.answer_missing()
        uri = quoting.stamp_uri(node, stamp.id)
        if stamp.revoked:
            return serve.answer_gone(uri, "QuoteAuthorization")
        try:
            post = await views.get_post(tx, stamp.post_id, None)
        except NodeError:
            return serve.answer_missing()
    return serve.answer(translate.authorization(uri, post.author.uri, stamp.quoting_uri, post.uri))


ROUTES = (Route("GET", "/ap/quote-authorizations/{id:[0-9]{1,19}}", show_authorization, "wire"),)
