"""Discovery: WebFinger, host-meta and NodeInfo, asked of peers and answered to them.

Asking goes through `client.Client` only; answering builds plain dicts and bytes which the
host application serves. Nothing here knows a route or a database.
"""
