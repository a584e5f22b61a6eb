"""Statements of account: read, as CSV, as PDF."""
