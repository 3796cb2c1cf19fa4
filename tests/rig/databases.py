"""A database of one's own per node and test, cloned from a migrated template in milliseconds."""

import itertools

from node.db.migrate import migrate
from node.services import Postgres

TEMPLATE = "template_of_tests"


class Databases:
    """Clones of one template in one cluster."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._numbers = itertools.count()
        self._made: list[str] = []

    async def prepare(self) -> None:
        """Make the template."""
        await self._postgres.create_database(TEMPLATE)
        await migrate(self._postgres.dsn(TEMPLATE))

    async def fresh(self) -> str:
        """The address of a new database with all tables and no rows."""
        name = f"test_{next(self._numbers)}"
        await self._postgres.create_database(name, template=TEMPLATE)
        self._made.append(name)
        return self._postgres.dsn(name)

    async def drop_all(self) -> None:
        """Remove the clones of one test."""
        for name in self._made:
            await self._postgres.drop_database(name)
        self._made.clear()
