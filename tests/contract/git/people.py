"""What people do to a branch, whatever the files are called: commits by `git fast-import`, one process each."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.e2e.controlplane.repository import MAIN, Repository


@dataclass(frozen=True)
class File:
    content: bytes
    mode: str = "100644"


Files = Mapping[str, str | File | None]
"""What becomes of each file; None: it is removed.  Names are written as Python writes those of a file system."""


@dataclass
class People:
    """`marks` counts the seconds between commits, so that ids are the same in every run."""

    repository: Repository
    at: int = field(default=1_700_000_000)

    def commit(
        self,
        files: Files,
        message: str = "change",
        *,
        branch: str = MAIN,
        onto: str = "",
        merge: str = "",
        author: str = "alice",
    ) -> str:
        """Commit on the branch, or on the commit `onto`; with a second parent where `merge` names one."""
        parent = onto or self.repository.head(branch)
        parents = [f"from {parent}".encode()] * bool(parent) + [f"merge {merge}".encode()] * bool(merge)
        self._import(self._commit(files, message, branch, author, parents))
        return self.repository.head(branch)

    def line(self, changes: Sequence[Files], branch: str) -> list[str]:
        """Commit all of these, one after the other, on a new branch."""
        self._import(b"".join(self._commit(each, "change", branch, "alice", []) for each in changes))
        return self._run("rev-list", "--reverse", branch).decode().split()

    def _commit(self, files: Files, message: str, branch: str, author: str, parents: list[bytes]) -> bytes:
        self.at += 60
        person = f"{author} <{author}@example.com> {self.at} +0000"
        text = message.encode()
        lines = [f"commit refs/heads/{branch}".encode(), b"author " + person.encode(), b"committer " + person.encode()]
        lines += [b"data %d" % len(text), text, *parents]
        for name, file in files.items():
            lines += _change(os.fsencode(name), file)
        return b"\n".join([*lines, b"", b""])

    def commit_tree_named(self, name: str) -> str:
        """Commit a file of a name that Git's own commands would refuse, as somebody with bad intent can."""
        oid = self._run("hash-object", "-w", "--stdin", stdin=b"bad").strip()
        for part in reversed(name.split("/")):
            mode = b"100644" if part == name.rsplit("/", maxsplit=1)[-1] else b"40000"
            raw = mode + b" " + os.fsencode(part) + b"\0" + bytes.fromhex(oid.decode())
            oid = self._run("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw).strip()
        sha = self._run(
            "-c", "user.name=eve", "-c", "user.email=e@x", "commit-tree", "-m", "bad", oid.decode()
        ).decode()
        self._run("update-ref", "refs/heads/main", sha.strip())
        return sha.strip()

    def tree(self, revision: str = MAIN, path: str = "") -> dict[bytes, bytes]:
        """Mode and object of each file, by name; only below `path` where one is given."""
        out = self._run("ls-tree", "-r", "-z", revision, *([path] if path else []))
        pairs = (record.split(b"\t", 1) for record in out.split(b"\0") if record)
        return {name: about for about, name in pairs}

    def _import(self, stream: bytes) -> None:
        self._run("fast-import", "--quiet", "--force", stdin=stream)

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        command = ["git", f"--git-dir={self.repository.bare}", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, check=True, timeout=60).stdout


def _change(name: bytes, file: str | File | None) -> list[bytes]:
    quoted = b'"' + b"".join(b"\\%03o" % each for each in name) + b'"'
    if file is None:
        return [b"D " + quoted]
    found = File(file.encode()) if isinstance(file, str) else file
    if found.mode == "160000":
        return [b"M 160000 " + found.content + b" " + quoted]
    return [b"M %s inline %s" % (found.mode.encode(), quoted), b"data %d" % len(found.content), found.content]
