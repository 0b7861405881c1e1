"""Decisions and releases in words and documents, for people and programs."""
