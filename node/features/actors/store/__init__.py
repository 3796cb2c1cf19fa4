"""All SQL about actors: `reads` for those who look, `writes`, `names` and `secrets` for what changes."""
