"""From READY to the end of a line: sending it to a carrier, asking about it, proving it."""
