"""Vendors' HTTP APIs, described by `data/vendors/*.yaml`; no vendor has code of its own here."""
