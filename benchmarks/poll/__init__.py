"""What one poll costs: `python -m benchmarks.poll`."""
