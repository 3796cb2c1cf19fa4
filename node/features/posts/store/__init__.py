"""All SQL about posts: `reads` and `threads` for those who look, `writes` for what changes."""
