"""The parts of the console's tables and forms: columns, lists, account and name forms."""
