"""Signing in: passwords, one-time codes, tokens, lock-out, and ending what was begun."""
