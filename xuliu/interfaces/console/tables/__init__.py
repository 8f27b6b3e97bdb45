"""The console's tables, one module per package; importing it registers its tables."""
