"""All SQL of the wire: `arrivals` comes in, `deliveries` go out, `hosts` holds hosts and keys."""
