"""Who owes what for how long, and who is a danger."""
