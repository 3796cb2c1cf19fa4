"""All SQL of groups: what they are, who belongs, who may not, links that let in, and the log."""
