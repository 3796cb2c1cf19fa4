"""Home timelines, written when something is posted: fan-out to our own people in one statement."""
