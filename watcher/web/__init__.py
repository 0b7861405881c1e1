"""The HTTP face: probes, own metrics, and the JSON API."""
