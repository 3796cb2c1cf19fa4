"""The benchmark: one real node, hostless fake peers, and figures. `allmende dev bench` runs it.

Nothing here asserts a time: the figures are printed and written as JSON, and people judge them.
"""
