"""A believable city to trade in: Birendranagar, Surkhet, with its goods, wholesalers and shops.

The seed of a newcomer's first database, of the demo's month of history and of the scenario tests. Goods and
brands are real, prices are plausible, people and phone numbers are invented.
`records`, `conversations`, `habits` and `history` are pure: files and chance in, plans out. `people`, `living` and
`seed` let the city happen in a database by the product's own actions, so they sit as high as what starts it.
"""
