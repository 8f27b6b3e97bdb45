"""The parts of `inventory.import_sims`: reading the file, checking its rows, writing them, telling what was wrong."""
