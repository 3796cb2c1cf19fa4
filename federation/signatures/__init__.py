"""HTTP signatures: draft-cavage-12 and RFC 9421, signing and checking, without I/O.

`cavage` and `rfc9421` are pure; `verify` chooses between them, and only it is called by
`inbox`. Nothing here fetches: keys come in through `directory.Directory`.
"""
