"""The part of PromQL that the embedded source speaks: what it does not know is an error, never a guess."""
