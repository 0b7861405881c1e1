"""From blocks to verdicts: evidence that is valid at every look, and what excuses a release."""
