"""Forges: pull requests at GitHub, GitLab, Gitea and Forgejo."""

from __future__ import annotations

from watcher.adapters.forges.configured import ConfiguredForges

__all__ = ["ConfiguredForges"]
