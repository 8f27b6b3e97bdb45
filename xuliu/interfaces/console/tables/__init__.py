"""The console's tables, one module for the tables of a package. Importing them registers them with the console's site."""
