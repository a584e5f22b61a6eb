"""Taking over receivables from another book."""
