"""Ways to pay as people see them: their names, sentences and parts of the payer's page."""
