"""Documents as other projects' servers sent them, read where they lie beside this repository."""
