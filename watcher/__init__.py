"""Finds bad releases in Prometheus and undoes them in Kubernetes by itself."""

__version__ = "0.1.0"
