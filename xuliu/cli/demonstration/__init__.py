"""The parts of `xuliu demo`: what it starts, plays, compares and prints."""
