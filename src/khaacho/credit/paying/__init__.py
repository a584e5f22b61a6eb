"""Money in and taken back: payments, cheques, adjustments, reversals."""
