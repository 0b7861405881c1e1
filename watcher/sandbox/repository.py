"""A bare Git repository in a directory: what people commit to it, and what a GitOps controller reads, by real `git`.

Each call runs the command and waits for it: milliseconds, since the repository is small and on this machine.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from watcher.adapters.git.command import NOBODY, environment

MAIN = "main"
_SECONDS = 30.0


class GitFailed(Exception):
    """Git did not do what it was asked for; the message is its complaint."""


@dataclass(frozen=True, slots=True)
class BareRepository:
    """The repository at `path`."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> BareRepository:
        """Make it, empty, with `main` as its default branch.  Raises GitFailed."""
        path.mkdir(parents=True)
        made = cls(path)
        made._git("init", "--quiet", "--bare", f"--initial-branch={MAIN}")
        return made

    @classmethod
    def at(cls, url: str) -> BareRepository:
        """The one of a file:// URL.  Raises GitFailed for any other."""
        parts = urlsplit(url)
        if parts.scheme != "file":
            raise GitFailed(f"the sandbox reads repositories by file:// only, and this is {url}")
        return cls(Path(unquote(parts.path)))

    @property
    def url(self) -> str:
        """Its address; nobody is asked who he is."""
        return self.path.as_uri()

    def commit(self, subject: str, files: Mapping[str, str], *, author: str, at: float) -> str:
        """Somebody commits these files on top of `main`, at that time (Unix seconds); the new commit.

        Raises GitFailed.
        """
        parent = self._git("for-each-ref", "--format=%(objectname)", f"refs/heads/{MAIN}")
        person = f"{author} <{author}@example.com> {at:.0f} +0000"
        lines = [f"commit refs/heads/{MAIN}", f"author {person}", f"committer {person}", *_data(subject + "\n")]
        lines += [f"from {parent}"] if parent else []
        for name, text in files.items():
            lines += [f"M 100644 inline {name}", *_data(text)]
        self._git("fast-import", "--quiet", stdin="\n".join([*lines, "done", ""]))
        return self.resolve(MAIN)

    def resolve(self, revision: str) -> str:
        """The commit that a branch, a tag or a (short) commit id stands for.  Raises GitFailed."""
        try:
            return self._git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        except GitFailed as error:
            raise GitFailed(f"unable to resolve '{revision}' to a commit SHA: {error}") from None

    def files(self, commit: str, directory: str) -> dict[str, bytes]:
        """What lies in a directory at a commit, by path below it.  Raises GitFailed."""
        where = directory.strip("/")
        try:
            packed = self._run("archive", "--format=tar", f"{commit}:{'' if where == '.' else where}")
        except GitFailed as error:
            raise GitFailed(f"{directory}: app path does not exist: {error}") from None
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            found = ((each.name, archive.extractfile(each)) for each in archive.getmembers())
            return {name: content.read() for name, content in found if content is not None}

    def log(self) -> list[str]:
        """The commits of `main` as `git log --oneline` shows them, newest first.  Raises GitFailed."""
        return self._git("log", "--oneline", MAIN).splitlines()

    def _git(self, *arguments: str, stdin: str = "") -> str:
        return self._run(*arguments, stdin=stdin).decode().rstrip("\n")

    def _run(self, *arguments: str, stdin: str = "") -> bytes:
        try:
            done = subprocess.run(
                ["git", f"--git-dir={self.path}", *arguments],
                env=environment(self.path, NOBODY),
                input=stdin.encode(),
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GitFailed(f"git {arguments[0]}: {error}") from None
        if done.returncode:
            raise GitFailed(done.stderr.decode(errors="replace").strip() or f"git {arguments[0]} failed")
        return done.stdout


def has_git() -> bool:
    """Whether the command is on PATH."""
    return shutil.which("git") is not None


def _data(text: str) -> list[str]:
    """A text as `git fast-import` takes it."""
    return [f"data {len(text.encode())}", text]
