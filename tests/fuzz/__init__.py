"""Inputs nobody would write, tried on a real node for as long as one likes: `./allmende dev fuzz --minutes 60`."""
