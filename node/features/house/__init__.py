"""The house itself: its name, rules and door, the pages about it, and the admin's view of the wire."""
