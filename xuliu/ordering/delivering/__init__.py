"""From READY to an end: what is sent to a carrier, asked of it, and proven."""
