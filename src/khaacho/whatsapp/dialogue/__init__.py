"""What we answer: each file answers one kind of message, `respond` chooses which."""
