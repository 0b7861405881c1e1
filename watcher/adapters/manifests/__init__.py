"""Manifests as they lie in a repository: which files an application is rendered from, and what they render to."""
