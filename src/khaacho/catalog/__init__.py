"""What is for sale: products, the words for them, vendors' offers, stock."""
