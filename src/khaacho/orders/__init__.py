"""The promise to deliver: baskets, placed orders, the vendors asked to take them, and how they end."""
