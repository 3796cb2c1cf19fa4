"""The doors for browsers and programs: who may enter, how pages are rendered, what errors look like."""
