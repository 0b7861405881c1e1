"""Commits made from trees and a temporary index: there is no work tree."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from watcher.adapters.git.clones import Clone
from watcher.adapters.git.objects import Entry, Objects
from watcher.adapters.git.paths import cleaned, raw
from watcher.adapters.git.signing import Author
from watcher.ports import Rejected
from watcher.ports.git import Prepared

Files = dict[str, Entry | None]


async def tree_with(clone: Clone, head: str, files: Mapping[str, Entry | None]) -> str:
    """The tree of head with these files in it; None: without them.

    Those that go come first: a file may take the place of a directory.
    """
    nothing = "0" * len(head)
    gone = [b"0 %s\t%s\0" % (nothing.encode(), raw(name)) for name, each in files.items() if each is None]
    put = [b"%s %s\t%s\0" % (e.mode.encode(), e.oid.encode(), raw(name)) for name, e in files.items() if e]
    with tempfile.TemporaryDirectory(dir=clone.path, prefix="index-") as directory:
        index = {"GIT_INDEX_FILE": str(Path(directory) / "index")}
        await clone.local("read-tree", head, variables=index)
        await clone.local("update-index", "-z", "--index-info", stdin=b"".join(gone + put), variables=index)
        done = await clone.local("write-tree", "--missing-ok", variables=index)
    return done.out.decode().strip()


async def committed(clone: Clone, author: Author, parent: str, tree: str, message: str) -> str:
    """The commit of this tree on its parent."""
    settings, variables, sign = author.identity()
    done = await clone.local(
        *("commit-tree", *sign, "-p", parent, "-F", "-", tree),
        stdin=message.encode("utf-8", "replace"),
        settings=settings,
        variables=variables,
    )
    return done.out.decode().strip()


async def edited(clone: Clone, author: Author, head: str, path: str, content: bytes, message: str) -> Prepared:
    """A commit on head in which one file that is there has another content.  Raises Rejected, Unavailable, Damaged."""
    objects, where = Objects(clone), cleaned([path])
    await objects.known(head)
    entry = dict(await objects.entries(head, where)).get(where[0]) if where else None
    if entry is None or not entry.regular:
        raise Rejected(f"{path!r} is no file at {head}")
    oid = (await clone.local("hash-object", "-w", "--stdin", stdin=content)).out.decode().strip()
    tree = await tree_with(clone, head, {path: Entry(entry.mode, oid)})
    return Prepared(await committed(clone, author, head, tree, message), (path,), restores=False)
