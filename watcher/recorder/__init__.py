"""Makes recordings: an incident in a live Prometheus and cluster becomes files that can be replayed and shared."""
