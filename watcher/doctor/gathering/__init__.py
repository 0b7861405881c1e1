"""Asks cluster, sources and this process what the rules need to know; bounded, and without any write."""
