"""How long a revert takes in a large repository, and how much memory."""
