"""Writes the folder of a new carrier's connector from templates; the shared contract then says what to fill in."""
