"""Who can sign in here: joining, sessions, settings, mail."""
