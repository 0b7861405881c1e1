"""Tests of watcher."""
