"""The embedded PostgreSQL and Valkey: found in installed packages, run under a small launcher of our own.

`Postgres(data_dir)` and `Valkey(data_dir)` are async context managers; `running(config)` gives the
addresses to use, starting what is embedded and not yet there. Nothing here imports features.
"""

from node.services.addresses import arq_settings, database_url, running, valkey_url
from node.services.place import ServiceError
from node.services.postgres import Postgres
from node.services.valkey import Valkey

__all__ = ["Postgres", "ServiceError", "Valkey", "arq_settings", "database_url", "running", "valkey_url"]
