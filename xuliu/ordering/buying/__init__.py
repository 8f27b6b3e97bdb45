"""Offers, quotes, payment: how an order becomes PAID."""
