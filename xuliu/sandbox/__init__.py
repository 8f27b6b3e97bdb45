"""Stand-ins for carriers and payment providers over real HTTP, with books and faults of their own."""
