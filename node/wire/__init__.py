"""Where protocol and storage meet: what comes in, what goes out, what others may fetch.

Knows activities, deliveries, hosts and keys; never what a follow or a post means. The features'
handlers are given to it by `node.app`.
"""
