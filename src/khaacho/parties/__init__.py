"""Who people are and what they may do: users, retailers, vendors, sign-in, permissions."""
