"""The parts of `inventory.import_sims`: reading the file, checking rows, writing them, reporting problems."""
