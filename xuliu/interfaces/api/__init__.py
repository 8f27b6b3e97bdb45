"""What programs call: for now, payment providers with their notices."""
