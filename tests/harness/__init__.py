"""What the tests stand on: one real PostgreSQL for the run, a database of its own for whoever needs one."""
