"""What the console's tables and forms are made of: columns, lists, the forms of accounts and of names."""
