"""One folder a payment provider: what its ways to pay bring to pages, receipts and tables. The folder is the list."""
