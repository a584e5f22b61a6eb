"""Prepaid credits for those who run them: figures, prices and packages, and everybody's ledger."""
