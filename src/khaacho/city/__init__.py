"""A believable city to trade in: Birendranagar, Surkhet, with its goods, wholesalers and shops.

The seed of a newcomer's first database, of the demo's month of history and of the scenario tests. Goods and
brands are real, prices are plausible, people and phone numbers are invented.
This package only reads its own files: it opens no database and knows no other domain, so whoever seeds
decides what becomes of a row.
"""
