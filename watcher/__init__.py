"""Finds bad releases in Prometheus and undoes them in Kubernetes by itself."""
