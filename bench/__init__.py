"""Measurements, each beside its limit, both taken in the same run: `make bench` or `python -m bench NAME …`."""
