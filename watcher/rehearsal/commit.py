"""The file of a repository that is broken for a rehearsal through Git, and put back after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watcher.adapters.git.repository import GitRepository
from watcher.core.drill import BROKEN_TAG, missing
from watcher.core.keepers.paths import within
from watcher.ports import Rejected
from watcher.ports.git import Moved

MOST_FILES = 300
"""Files of an application that are looked through, at the most."""

TRIES = 5
MANIFESTS = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image stands: the file and what it holds, at the commit `head`; `broken` is the same with another."""

    head: str
    file: str
    content: str
    broken: str


async def place(repository: GitRepository, branch: str, paths: Sequence[str], image: str, drill: str) -> Place:
    """The one place below the paths where this image stands.  Raises Rejected where it stands in none or several."""
    head = await repository.fetch(branch)
    names = [each for each in await repository.files(head) if _below(each, paths) and each.endswith(MANIFESTS)]
    if len(names) > MOST_FILES:
        raise Rejected(f"the application has {len(names)} files, {MOST_FILES} are looked through at the most")
    contents = {name: (await repository.read(head, name) or b"").decode("utf-8", "replace") for name in names}
    for spell in _spellings(image, drill):
        found = [(name, changed) for name, text in contents.items() if (changed := spell(text)) != text]
        if len(found) == 1:
            name, changed = found[0]
            return Place(head, name, contents[name], changed)
        if found:
            raise Rejected(f"{image} stands in {', '.join(name for name, _ in found)}: in one file it must be")
    raise Rejected(
        f"{image} stands in no file below {', '.join(paths) or 'the root'}: a rehearsal through Git needs an image, or "
        f"its tag as `newTag` or `tag`, written out in one place"
    )


async def break_(repository: GitRepository, branch: str, found: Place, drill: str) -> str:
    """Push a commit with the broken image; the commit.  Raises Moved where somebody else pushed."""
    message = f"Rehearsal {drill}: an image that is not there\n\nwatcher is to revert this commit by itself.\n"
    made = await repository.edited(found.head, found.file, found.broken.encode(), message)
    await repository.push(made.commit, branch, found.head)
    return made.commit


async def put_back(repository: GitRepository, branch: str, file: str, content: str, image: str, drill: str) -> bool:
    """See to it that the image stands in the file as it did in `content`; whether it had to be put back.

    Raises Rejected where that cannot be told; what others have changed in the file since stays.
    """
    for _ in range(TRIES):
        head = await repository.fetch(branch)
        now = (await repository.read(head, file) or b"").decode("utf-8", "replace")
        if f"{BROKEN_TAG}{drill}" not in now:
            return False
        before = mended(now, content, image, drill)
        if f"{BROKEN_TAG}{drill}" in before:
            raise Rejected(f"{file} has changed since the rehearsal: take {BROKEN_TAG}{drill} out of it by hand")
        message = f"Rehearsal {drill} has ended: back to what was\n"
        made = await repository.edited(head, file, before.encode(), message)
        try:
            await repository.push(made.commit, branch, head)
        except Moved:
            continue
        return True
    raise Rejected(f"{branch} moved at each of {TRIES} attempts to put {file} back")


def mended(now: str, content: str, image: str, drill: str) -> str:
    """The text with each line that names the broken image as it stood in `content`, and all others as they are."""
    spelled = {spell(line): line for spell in _spellings(image, drill) for line in content.splitlines(keepends=True)}
    return "".join(
        spelled.get(line, line) if f"{BROKEN_TAG}{drill}" in line else line for line in now.splitlines(keepends=True)
    )


async def now(repository: GitRepository, branch: str, file: str) -> str:
    """What the file holds at the newest commit."""
    head = await repository.fetch(branch)
    return (await repository.read(head, file) or b"").decode("utf-8", "replace")


def _below(name: str, paths: Sequence[str]) -> bool:
    return any(path.strip("./") == "" or within(name, path.strip("/").removeprefix("./")) for path in paths)


def _spellings(image: str, drill: str) -> tuple[Callable[[str], str], ...]:
    """How an image may be written, each as a change of a text: whole, as kustomize's `newTag`, as a chart's `tag`."""
    tag = missing(image, drill).rpartition(":")[2]
    old = image.partition("@")[0].rpartition(":")[2]
    whole = re.compile(rf"(?<![\w./-]){re.escape(image)}(?![\w.:@/-])")
    alone = [re.compile(rf"(?m)^(\s*-?\s*{key}:\s*)(['\"]?){re.escape(old)}\2(\s*)$") for key in ("newTag", "tag")]

    def of_whole(text: str) -> str:
        return whole.sub(missing(image, drill), text, count=1)

    def of_tag(pattern: re.Pattern[str]) -> Callable[[str], str]:
        return lambda text: pattern.sub(rf"\g<1>{tag}\g<3>", text, count=1)

    return (of_whole, *(of_tag(each) for each in alone))
