"""A payment gateway that takes no money: Razorpay's paths, signatures and events, for demos and tests.

It is somebody else's system that happens to run in our process. It keeps its own tables, is spoken to over HTTP by the
same adapter as the real one, and tells its events over HTTP to our webhook. It never touches a balance.
"""
