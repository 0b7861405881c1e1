"""Clients of the outside systems: each a client and a mapping, nothing is decided here."""
