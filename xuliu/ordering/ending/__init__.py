"""What follows when a line or an order has ended: receipts and refunds."""
