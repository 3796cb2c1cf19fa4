"""The demo: four small organisations on one machine, each its own node, talking for real.

`content` says who they are and what they said, `houses` runs the nodes, `seeding` lets the people
act through the client API, so that everything on another node really travelled there.
"""
