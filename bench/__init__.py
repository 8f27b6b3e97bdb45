"""Measures the line against plain SQL that writes the same rows (`make bench`). See README.md."""
