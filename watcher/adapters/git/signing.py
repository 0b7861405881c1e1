"""Whose name is on a commit, and by which key it is signed."""

from __future__ import annotations

from watcher.adapters.git.private_files import PrivateFiles
from watcher.config.gitops import ConfigRepository


class Author:
    """Author and committer of our commits."""

    def __init__(self, repository: ConfigRepository, files: PrivateFiles) -> None:
        self._name, self._email = repository.author_name, repository.author_email
        self._key, self._files = repository.signing_key_file, files

    def identity(self) -> tuple[tuple[tuple[str, str], ...], dict[str, str], tuple[str, ...]]:
        """Settings, variables and options for a commit.  Raises Unavailable when the key cannot be read."""
        names = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in self._fields()}
        if not self._key:
            return (), names, ()
        key = self._files.copied(self._key, "signing key")
        return (("gpg.format", "ssh"), ("user.signingKey", str(key))), names, ("-S",)

    def _fields(self) -> tuple[tuple[str, str], ...]:
        return ("NAME", self._name), ("EMAIL", self._email)
