"""Put the node together: resources, features, routes, middlewares. Nothing else builds a node.

`open_node` makes what every process shares; `build_app` adds the web application around it. Who
may call a route is decided by its declaration (`node.web.guard`), mounted here once for all.
"""

from collections.abc import AsyncIterator

import msgspec
from aiohttp import hdrs, web
from arq.connections import ArqRedis, create_pool

from federation import vocab
from federation.client import Client, ClientPolicy
from federation.dispatch import Inbound
from federation.errors import FederationError
from federation.fetch import Fetcher
from node import __version__
from node.appkeys import NODE
from node.clock import Clock
from node.config import Config, ConfigError
from node.copies import open_copies
from node.db.database import Database, Tx
from node.features.actors import served
from node.features.actors import service as actors
from node.features.actors.store.reads import Actor
from node.features.groups import door as groups
from node.features.posts.store import writes
from node.features.registry import FEATURES
from node.keyring import open_keyring
from node.runtime import Hooks, Node
from node.services import arq_settings, database_url, valkey_url
from node.wakes import Wakes
from node.web import guard, health, middleware, static
from node.wire.directory import NodeDirectory
from node.wire.incoming import Registry
from node.wire.signers import fetch_signer, prover, signers_of

_JSON = msgspec.json.Encoder()
_KEYS_LOST = (
    "The key file {file} does not open the signing keys in this database, so nobody here could prove who they are. "
    "Put the file from your backup there. If it is lost for good, make new keys for everybody with "
    "`allmende account rotate-keys --everyone --data-dir {folder}`; other servers are told."
)


def client_policy(config: Config) -> ClientPolicy:
    """Whom our requests may reach: public https, and in the lab loopback as configured."""
    if not config.node.lab:
        return ClientPolicy()
    peers = [peer.rsplit(":", 1) for peer in config.federation.lab_peers]
    allowed = tuple((ip.strip("[]"), int(port)) for ip, port in peers)
    return ClientPolicy(allow_http=True, allowed_addresses=allowed or (("127.0.0.0/8", None), ("::1", None)))


def _inbound() -> Registry:
    table: Registry = Inbound()
    for feature in FEATURES:
        for registry in feature.inbound:
            table.include(registry)
    return table


async def _remember(tx: Tx, node: Node, document: vocab.Actor) -> Actor:
    """Store what an actor's own house says of it; of a group also how one gets in."""
    actor = await actors.upsert_remote(tx, node, document)
    if actor.kind == "Group":
        await groups.remember(tx, actor.id, document)
    return actor


async def _open_queue(config: Config) -> ArqRedis:
    return await create_pool(
        arq_settings(valkey_url(config)),
        job_serializer=_JSON.encode,
        job_deserializer=msgspec.json.decode,
    )


async def open_node(config: Config, *, clock: Clock | None = None, keys_lost: bool = False) -> Node:
    """Everything one process shares, connected. The database must be migrated already.

    `keys_lost`: go on although the key file does not open the signing keys, to make new ones.
    Raises: ConfigError when it does not.
    """
    clock = clock or Clock()
    db = await Database.open(database_url(config), clock=clock, pool_size=config.database.pool_size)
    queue = await _open_queue(config)
    db.wake = Wakes(queue)
    client = Client(client_policy(config), origin=config.node.origin, version=__version__)
    directory = NodeDirectory(db, queue)
    node = Node(
        config=config,
        clock=clock,
        db=db,
        valkey=queue,
        keyring=open_keyring(config.key_file),
        client=client,
        directory=directory,
        fetcher=Fetcher(client, directory, None, clock=clock.now),
        hooks=Hooks(
            remember_actor=_remember,
            known_objects=writes.list_known_uris,
            inbound=_inbound(),
            groups=groups,
            features=FEATURES,
        ),
    )
    db.prove = prover(node)
    async with db.tx() as tx:
        instance = await actors.ensure_instance_actor(tx, node)
    try:
        node.fetcher.signer = (await signers_of(node, instance.id)).rsa
    except FederationError as error:
        if error.code != "bad_secret":
            raise
        if not keys_lost:
            await close_node(node)
            raise ConfigError(_KEYS_LOST.format(file=config.key_file, folder=config.data_dir)) from None
    node.fetcher.renew = fetch_signer(node, instance.id)
    return node


async def close_node(node: Node) -> None:
    """Give everything back."""
    if isinstance(node.db.wake, Wakes):
        await node.db.wake.close()
    await node.client.close()
    await node.valkey.aclose()
    await node.db.close()


async def build_app(config: Config, *, node: Node | None = None) -> web.Application:
    """The web application; opens a node of its own unless one is given."""
    app = web.Application(
        middlewares=middleware.MIDDLEWARES,
        client_max_size=config.web.max_body_bytes,
    )
    app[NODE] = node or await open_node(config)
    static.mount(app)
    health.mount(app)
    for feature in FEATURES:
        for route in feature.routes:
            handler = guard.wrap(route)
            app.router.add_route(route.method, route.path, handler)
            if route.method == hdrs.METH_GET:  # link checkers, proxies and peers ask for the head alone
                app.router.add_route(hdrs.METH_HEAD, route.path, handler)
    app.on_response_prepare.append(served.remember_head)
    app.cleanup_ctx.append(_keep_copies)
    if node is None:
        app.on_cleanup.append(_close)
    return app


async def open_runner(app: web.Application, *, shutdown_timeout_s: float = 60.0) -> web.AppRunner:
    """The application ready to be given sockets; what is kept ready is answered before it."""
    runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=shutdown_timeout_s)
    await runner.setup()
    server = runner.server
    if server is not None:
        server.request_handler = served.before(app[NODE], server.request_handler)
    return runner


async def _keep_copies(app: web.Application) -> AsyncIterator[None]:
    """While the application runs: public answers are kept, and let go when the database says so."""
    node = app[NODE]
    copies = await open_copies(node, database_url(node.config))
    yield
    await copies.changes.close()


async def _close(app: web.Application) -> None:
    await close_node(app[NODE])
