"""Forges: pull requests at GitHub, GitLab, Gitea and Forgejo."""
