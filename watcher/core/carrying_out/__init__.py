"""Carrying a decision out: rung by rung, each ordered once, followed, and proven."""
