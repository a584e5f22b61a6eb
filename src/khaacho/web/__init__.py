"""The web process: every route wired into one application, and the server that runs it."""
