"""What may be done with groups: found, join, leave, give roles, keep out; and who may do it."""
