"""Phone pages: a merchant or cashier finds a SIM, renews it and keeps the receipt."""
