"""Deciding: pure, synchronous, standard library only.  No clock, no I/O, no randomness."""
