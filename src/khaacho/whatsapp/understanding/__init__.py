"""Understanding a message: pure functions from text, catalogue and context to a meaning."""
