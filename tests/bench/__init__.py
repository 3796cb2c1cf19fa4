"""The benchmark: real nodes, fake peers on loopback, and figures. `allmende dev bench` runs it.

`run` says which scenes are played on which nodes; `stage` holds a node and the hands to measure it;
`arrivals`, `fanout` and `reads` are the scenes; `crowd` fills a database, `peers` play other nodes;
`machine`, `meter` and `profiling` tell what it cost and where. Nothing here asserts a time: the figures
are printed and written as JSON, and people judge them.
"""
