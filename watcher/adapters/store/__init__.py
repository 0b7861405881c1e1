"""The decision log: every transition, decision and release, in one SQLite file."""
