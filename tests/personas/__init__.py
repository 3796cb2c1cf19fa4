"""Programs of the fediverse as strict readers: where they choke, and what they make of what we send.

`readers` holds what breaks each of them, `takes` what each does with what it can read. Both are our own words for
what is known of the programs; whoever has met them live is named in docs/interoperability.md.
"""
