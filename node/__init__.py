"""The node: what an organisation runs. It joins the protocol library and the storage, and serves pages.

Import order inside this package goes down only (see `docs/develop.md`): doors, features, wire, ground.
"""

__version__ = "0.1.0"
