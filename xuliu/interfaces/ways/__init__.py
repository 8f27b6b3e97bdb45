"""Ways to pay as people meet them: their names, sentences and parts of the payer's page."""
