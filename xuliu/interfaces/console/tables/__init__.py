"""The console's tables, one module for the tables of a package: importing it registers them with the console."""
