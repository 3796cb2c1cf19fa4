"""Run the demo's four nodes: one PostgreSQL and one Valkey, a process per node, one folder for all."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from node.app import close_node, open_node
from node.config import Config, DatabaseConfig, LogConfig, NodeConfig, ValkeyConfig, WebConfig, WorkerConfig
from node.db.database import Tx
from node.demo import seeding
from node.demo.content import HOUSES, Circle, House, Person
from node.demo.seeding import Town
from node.features.accounts import passwords, registration
from node.features.accounts import service as accounts
from node.features.actors.store.reads import find_by_handle
from node.features.groups.service import founding
from node.features.groups.service.founding import Founding
from node.features.house import service as house_settings
from node.features.oauth import service as oauth
from node.runtime import Node
from node.services import Postgres, Valkey, place
from node.supervisor import Supervisor

SCOPES = "read write follow push"
FIRST_PORT = 8101


class Demo:
    """The four houses in one folder. `async with Demo(folder, first_port).open(tell): …`."""

    def __init__(self, folder: Path, first_port: int = FIRST_PORT) -> None:
        self.folder = folder.absolute()
        self.ports = {house.key: first_port + number for number, house in enumerate(HOUSES)}
        self.told = asyncio.Event()
        self._postgres = Postgres(self.folder)
        self._valkey = Valkey(self.folder)
        self._supervisors: list[Supervisor] = []

    def origin(self, key: str) -> str:
        """The address of a house."""
        return f"http://localhost:{self.ports[key]}"

    @property
    def password(self) -> str:
        """The one password everybody in this demo has; made at its first start."""
        path = self.folder / "demo-password"
        if not path.exists():
            place.write_private(path, secrets.token_urlsafe(9), None)
        return path.read_text("utf-8")

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end the demo."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._stop)

    def _stop(self) -> None:
        self.told.set()
        for supervisor in self._supervisors:
            supervisor.told.set()

    @asynccontextmanager
    async def open(self, tell: Callable[[str], None]) -> AsyncIterator[Demo]:
        """Everything runs inside the block; at the first start the people come to life."""
        async with AsyncExitStack() as stack:
            tell("starting PostgreSQL and Valkey")
            await stack.enter_async_context(self._postgres)
            await stack.enter_async_context(self._valkey)
            for number, house in enumerate(HOUSES):
                config = await self._config(house, number)
                supervisor = Supervisor(config)
                self._supervisors.append(supervisor)
                if self.told.is_set():
                    break
                tell(f"opening {house.name}")
                await stack.enter_async_context(supervisor.running())
            if not self.told.is_set():
                await self._settle_in(tell)
            yield self

    async def wait(self) -> None:
        """Keep the nodes running until told to stop."""
        await asyncio.gather(*(supervisor.wait() for supervisor in self._supervisors))

    async def _config(self, house: House, number: int) -> Config:
        data_dir = self.folder / house.key
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._postgres.create_database(house.key)
        # Addresses with passwords go through files, as a host would do it; sockets may move between starts.
        place.write_private(data_dir / "database.url", self._postgres.dsn(house.key), None)
        place.write_private(data_dir / "valkey.url", self._valkey.url(number), None)
        config = Config(
            data_dir=data_dir,
            file=data_dir / "allmende.toml",
            node=NodeConfig(origin=self.origin(house.key), name=house.name, lab=True),
            web=WebConfig(listen=f"127.0.0.1:{self.ports[house.key]}"),
            worker=WorkerConfig(with_web=True),
            database=DatabaseConfig(url_file="database.url", pool_size=8),
            valkey=ValkeyConfig(url_file="valkey.url"),
            log=LogConfig(level="warning"),
        )
        _write_settings(config)
        return config

    async def _settle_in(self, tell: Callable[[str], None]) -> None:
        done = self.folder / "settled"
        if done.exists():
            return
        town = Town({house.key: self.origin(house.key) for house in HOUSES}, {})
        hashed = await passwords.hash_password(self.password)
        for house, supervisor in zip(HOUSES, self._supervisors, strict=True):
            town.tokens |= await _move_in(supervisor.config, house, hashed)
        work = asyncio.ensure_future(seeding.seed(town, tell))
        told = asyncio.ensure_future(self.told.wait())
        await asyncio.wait([work, told], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not work.done():
            work.cancel()
            return
        work.result()
        done.touch()


def _write_settings(config: Config) -> None:
    """The settings as the file a host would have; the node's processes read it."""
    lines: list[str] = []
    for section in ("node", "web", "worker", "database", "valkey", "log"):
        lines.append(f"[{section}]")
        chosen = msgspec.to_builtins(getattr(config, section))
        usual = msgspec.to_builtins(type(getattr(config, section))())
        lines += [f"{name} = {_toml(value)}" for name, value in chosen.items() if value != usual[name]]
        lines.append("")
    place.write_private(config.data_dir / "allmende.toml", "\n".join(lines), None)


def _toml(value: object) -> str:
    return msgspec.json.encode(value).decode()  # text, numbers and booleans are written alike


async def _move_in(config: Config, house: House, password_hash: str) -> dict[str, str]:
    """Make the house's people on their own node; returns a token for each."""
    node = await open_node(config)
    tokens: dict[str, str] = {}
    try:
        async with node.db.tx() as tx:
            await house_settings.change_settings(
                tx, name=house.name, description=house.description, hue=house.hue, question=house.question,
                rules=list(house.rules), registration="approval", languages=["de", "en"], formal=house.formal,
                contact_email=f"hallo@{house.key}.example",
            )  # fmt: skip
        for person in house.people:
            async with node.db.tx() as tx:
                account = await accounts.find_account_by_username(tx, person.username)
                if account is None:
                    account = await registration.create_account(
                        tx, node, person.username, _email(person, house), password_hash, role=person.role
                    )
                token = await oauth.create_token(tx, account.actor_id, tuple(SCOPES.split()))
                tokens[f"{person.username}@{house.key}"] = token
        for circle in house.circles:
            async with node.db.tx() as tx:
                await _found(tx, node, circle)
    finally:
        await close_node(node)
    return tokens


async def _found(tx: Tx, node: Node, circle: Circle) -> None:
    founder = await accounts.find_account_by_username(tx, circle.by)
    if founder is None or await find_by_handle(tx, circle.username, node.handle_host) is not None:
        return
    wanted = Founding(
        username=circle.username, name=circle.name, description=circle.about, rules=circle.rules,
        topics=circle.topics, languages=("de",), log_visibility="public",
    )  # fmt: skip
    await founding.found(tx, node, founder.actor_id, wanted)


def _email(person: Person, house: House) -> str:
    return f"{person.username}@{house.key}.example"
