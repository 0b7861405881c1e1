"""Providers of feature flags, each over its own API."""
