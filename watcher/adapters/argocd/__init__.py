"""Argo CD through its own API, where its Applications are in another cluster."""
