"""What can be had, for how much, and how an order becomes PAID."""
