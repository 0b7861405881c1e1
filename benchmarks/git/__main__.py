"""`python -m benchmarks.git DIRECTORY [--files N] [--commits N]`: builds a large repository there, and measures."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from benchmarks.git.large import build, manifest, services
from benchmarks.git.memory import Peak
from benchmarks.git.serving import serving
from tests.e2e.controlplane.repository import Repository as Remote
from watcher.adapters.git import GitRepositories
from watcher.adapters.git.clones import MOST_PACKS
from watcher.config.gitops import ConfigRepository, GitAuth, GitOps
from watcher.ports.git import Repository, Revert


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.git", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--commits", type=int, default=50_000)
    chosen = parser.parse_args()
    bare = chosen.directory / "served" / f"large-{chosen.files}-{chosen.commits}.git"
    remote = Remote(bare, "")
    if not bare.exists():
        began = time.monotonic()
        build(Remote.create(bare, ""), chosen.files, chosen.commits)
        print(f"built {chosen.files} files, {chosen.commits} commits in {time.monotonic() - began:.0f} s")
    with serving(chosen.directory / "served") as (url, token):
        (chosen.directory / "token").write_text(token)
        cache = chosen.directory / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        entry = ConfigRepository(("*",), auth=GitAuth(token_file=str(chosen.directory / "token")))
        repositories = GitRepositories(lambda: GitOps(repositories=(entry,)), cache, time.time)
        asyncio.run(measured(remote, repositories.repository(f"{url}/{bare.name}"), services(chosen.files)))
        size = sum(each.stat().st_size for each in cache.rglob("*") if each.is_file())
        print(f"the clone: {size >> 20} MiB on disk")


async def measured(remote: Remote, repository: Repository, names: list[str]) -> None:
    service, first = names[len(names) // 2], remote.log("main~100", names[0])[-1].sha
    await timed("the first fetch, which makes the clone", partial(repository.fetch, "main"))
    for number, paths in enumerate([(service,), (service,), ("teams",)]):
        good = remote.head()
        for step in range(3):
            image = manifest(service, "deployment", 900_000 + number * 10 + step).decode()
            remote.commit("Bad", {f"{service}/deployment.yaml": image})
        title = f"a revert on {paths[0]}, {'warm' if number else 'the first'}"
        await timed(title, partial(revert, repository, good, paths))
    await timed("names of all files", partial(repository.files, remote.head()))
    remote.commit("Another", {f"{service}/config.yaml": ""})
    await timed("a fetch by itself", partial(repository.fetch, "main"))
    newest = await repository.fetch("main")
    await timed("whether the first commit is contained", partial(repository.contains, first, newest))
    await timed(f"{MOST_PACKS} fetches, and one pack of them", partial(many, remote, repository, service))


async def many(remote: Remote, repository: Repository, service: str) -> None:
    for _ in range(MOST_PACKS):
        remote.commit("Another", {f"{service}/config.yaml": f"{time.monotonic()}"})
        await repository.fetch("main")


async def revert(repository: Repository, good: str, paths: tuple[str, ...]) -> None:
    """All that is asked of Git from the decision to the pushed revert."""
    head = await repository.fetch("main")
    await repository.carrying("Watcher-Decision", "d1", head, good)
    notes = await repository.commits(good, head, paths)
    revert = Revert(head, good, tuple(each.sha for each in notes), paths, "Revert\n\nWatcher-Decision: d0\n")
    prepared = await repository.prepare(revert)
    await repository.push(prepared.commit, "main", head)
    if not await repository.contains(prepared.commit, await repository.fetch("main")):
        raise SystemExit("the revert is not in the branch")


async def timed(what: str, work: Callable[[], Awaitable[object]]) -> None:
    began = time.monotonic()
    with Peak() as peak:
        await work()
    print(f"{what:<64} {time.monotonic() - began:5.1f} s, {peak.mib:4.0f} MiB ({peak.own:.0f} own; {peak.children})")


if __name__ == "__main__":
    main()
