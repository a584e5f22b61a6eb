"""The people's screens: pages rendered on the server, which work on a cheap phone and a slow line."""
