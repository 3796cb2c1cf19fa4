"""All SQL of accounts, by subject: people, sessions, invites, mails and the links in them."""

from node.features.accounts.store import invites, links, mails, people, sessions

__all__ = ["invites", "links", "mails", "people", "sessions"]
