"""All SQL about posts: `reads` for those who look, `writes` for what changes."""
