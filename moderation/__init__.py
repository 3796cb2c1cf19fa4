"""Moderation: policies as pure functions. Imports `federation.vocab` only."""
