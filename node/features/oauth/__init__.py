"""Programs that act for people: apps, consent, tokens."""
