"""The demonstration: what `xuliu demo` starts, plays, compares and prints."""
