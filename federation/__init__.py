"""Federation: the ActivityPub protocol as a library.

Owns reading, proving, fetching and delivering; knows no database, no web server and
nothing else of this project. A host application gives it one port (`directory.Directory`)
and calls `inbox.receive`, `fetch.Fetcher` and `delivery.post`.
"""
