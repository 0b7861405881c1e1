"""A bare Git repository, and what its developers do to it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MAIN = "main"
ISOLATED = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
FIELDS, RECORDS = "%x1f", "%x1e"  # separators that no message has
NOTHING = "0" * 40  # the sha of what does not exist
PROTECTION = """#!/bin/sh
# Branches named in the file "protected" take no pushes, as a forge's protected branches.
while read -r old new ref; do
  if grep -qxF "${ref#refs/heads/}" protected; then
    echo "error: GH006: Protected branch update failed for $ref." >&2
    exit 1
  fi
done
"""


@dataclass(frozen=True)
class Commit:
    """One commit of a branch. ``author`` is the name alone, ``message`` all of it."""

    sha: str
    author: str
    message: str

    @property
    def subject(self) -> str:
        """The first line of its message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True)
class Repository:
    """A bare repository. Its own methods stand for people with every right: no hook hinders them.

    ``url`` is its address at the Git server, without credentials.
    """

    bare: Path
    url: str

    @classmethod
    def create(cls, bare: Path, url: str) -> Repository:
        """Make it, empty."""
        bare.mkdir(parents=True)
        made = cls(bare, url)
        made._git("init", "--quiet", "--bare", f"--initial-branch={MAIN}")
        for setting in ("http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
            made._git("config", setting, "true")  # as forges have it: pushes, partial clones, fetches of one commit
        (bare / "protected").touch()
        hook = bare / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(PROTECTION)
        hook.chmod(0o755)
        return made

    @property
    def file_url(self) -> str:
        """Its address for processes of this machine; no credentials are asked for."""
        return self.bare.as_uri()

    def commit(
        self, message: str, files: Mapping[str, str | None], *, author: str = "alice", branch: str = MAIN
    ) -> str:
        """Somebody commits on top of a branch; returns the sha. A file whose text is None is removed.

        A branch that does not exist begins at the head of ``main``, or empty.
        """
        parent = self.head(branch) or self.head(MAIN)
        with tempfile.TemporaryDirectory() as directory:
            person = {f"GIT_{role}_NAME": author for role in ("AUTHOR", "COMMITTER")}
            person |= {f"GIT_{role}_EMAIL": f"{author}@example.com" for role in ("AUTHOR", "COMMITTER")}
            environment = person | {"GIT_INDEX_FILE": f"{directory}/index"}
            if parent:
                self._git("read-tree", parent, **environment)
            changes = "".join(self._index_entry(path, text) for path, text in files.items())
            self._git("update-index", "--index-info", stdin=changes, **environment)
            tree = self._git("write-tree", **environment)
            parents = ["-p", parent] if parent else []
            sha = self._git("commit-tree", tree, *parents, "-m", message, **environment)
        self._git("update-ref", f"refs/heads/{branch}", sha, self.head(branch) or NOTHING)
        return sha

    def merge(self, branch: str, message: str, *, into: str = MAIN, author: str = "alice") -> str:
        """Somebody merges a branch by a merge commit; returns the sha. Raises AssertionError where they conflict."""
        person = {f"GIT_{role}_{what}": author for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        head, other = self.head(into), self.head(branch)
        tree = self._git("merge-tree", "--write-tree", head, other)
        sha = self._git("commit-tree", tree, "-p", head, "-p", other, "-m", message, **person)
        self._git("update-ref", f"refs/heads/{into}", sha, head)
        return sha

    def head(self, branch: str = MAIN) -> str:
        """The sha of a branch's last commit; empty without such a branch."""
        return self._git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")

    @property
    def branches(self) -> list[str]:
        """The names of its branches, in order."""
        return self._git("for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()

    def log(self, revision: str = MAIN, path: str = "") -> list[Commit]:
        """The commits up to a revision, newest first; only those that touch ``path`` where one is given."""
        within = ["--", path] if path else []
        shown = self._git("log", f"--format=%H{FIELDS}%an{FIELDS}%B{RECORDS}", revision, *within)
        records = [record.strip("\n").split("\x1f") for record in shown.split("\x1e")]
        return [Commit(sha, author, message.strip()) for sha, author, message in filter(_whole, records)]

    def contains(self, sha: str, revision: str = MAIN) -> bool:
        """Whether a commit is a revision or one of its ancestors; no when there is no such revision."""
        if not revision:
            return False
        return sha in self._git("rev-list", revision).splitlines()

    def read(self, path: str, revision: str = MAIN) -> str:
        """The text of a file at a revision. Raises AssertionError when there is none."""
        return self._output("cat-file", "blob", f"{revision}:{path}")

    def files(self, revision: str = MAIN) -> list[str]:
        """The paths of all files at a revision."""
        return self._git("ls-tree", "-r", "--name-only", revision).splitlines()

    def changed(self, sha: str) -> list[str]:
        """The paths that a commit changes, against its only parent."""
        return self._git("diff-tree", "-r", "--name-only", "--no-commit-id", sha).splitlines()

    @property
    def protected(self) -> set[str]:
        """The branches that take no pushes."""
        return set((self.bare / "protected").read_text().split())

    def protect(self, branch: str = MAIN) -> None:
        """Refuse every push to a branch, whoever pushes."""
        (self.bare / "protected").write_text(f"{branch}\n")

    def unprotect(self) -> None:
        """Take pushes to every branch again."""
        (self.bare / "protected").write_text("")

    def _index_entry(self, path: str, text: str | None) -> str:
        """A line for ``update-index --index-info``; mode 0 removes."""
        if text is None:
            return f"0 {NOTHING}\t{path}\n"
        blob = self._git("hash-object", "-w", "--stdin", stdin=text)
        return f"100644 {blob}\t{path}\n"

    def _git(self, *arguments: str, stdin: str = "", **environment: str) -> str:
        """What Git prints, without the last line feed. Raises AssertionError with its complaint."""
        return self._output(*arguments, stdin=stdin, **environment).removesuffix("\n")

    def _output(self, *arguments: str, stdin: str = "", **environment: str) -> str:
        done = subprocess.run(
            ["git", f"--git-dir={self.bare}", *arguments],
            cwd=self.bare,
            env=os.environ | ISOLATED | environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout


def _whole(record: list[str]) -> bool:
    return len(record) == 3
