"""An in-memory Kubernetes API server: the part of the API that the daemon and kubectl use, on loopback."""
