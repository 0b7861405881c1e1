"""The way back through Git: what a revert would do, the revert itself, and what becomes of it."""
