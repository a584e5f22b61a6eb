"""Taking in a whole catalogue as one CSV file: all of it or nothing."""
