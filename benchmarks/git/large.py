"""A large repository of manifests: many services of many teams, and a long history of new images."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from typing import IO, cast

from tests.e2e.controlplane.repository import MAIN, Repository

_SERVICES_A_TEAM = 25
_KINDS = ("deployment", "service", "ingress", "config", "hpa")


def services(files: int) -> list[str]:
    """Directories of services, with five files each."""
    count = files // len(_KINDS)
    return [f"teams/team-{n // _SERVICES_A_TEAM:04}/service-{n:05}" for n in range(count)]


def manifest(service: str, kind: str, image: int) -> bytes:
    text = [f"kind: {kind}", "metadata:", f"  name: {service}", "spec:", f"  image: registry/{service}:{image}"]
    return "\n".join([*text, *(f"  option{n}: {n}" for n in range(20)), ""]).encode()


def build(repository: Repository, files: int, commits: int) -> None:
    """Write it, by one `git fast-import`."""
    command = ["git", f"--git-dir={repository.bare}", "fast-import", "--quiet", "--depth=50"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        for part in _stream(files, commits):
            cast(IO[bytes], process.stdin).write(part)
    if process.returncode:
        raise SystemExit("git fast-import failed")
    for tidy in (["repack", "-a", "-d", "-q"], ["commit-graph", "write", "--reachable"]):  # as forges do
        subprocess.run(["git", f"--git-dir={repository.bare}", *tidy], check=True)


def _stream(files: int, commits: int) -> Iterator[bytes]:
    chance = random.Random(1)  # noqa: S311 - the same history each time
    names = services(files)
    yield _head(1_600_000_000, "Begin")
    for name in names:
        yield from (_file(f"{name}/{kind}.yaml", manifest(name, kind, 0)) for kind in _KINDS)
    for number in range(1, commits):
        name = chance.choice(names)
        yield _head(1_600_000_000 + number * 600, f"{name}: image {number}")
        yield _file(f"{name}/deployment.yaml", manifest(name, "deployment", number))


def _head(at: int, message: str) -> bytes:
    person = f"dev <dev@example.com> {at} +0000"
    return f"commit refs/heads/{MAIN}\ncommitter {person}\ndata {len(message)}\n{message}\n".encode()


def _file(name: str, content: bytes) -> bytes:
    return f"M 100644 inline {name}\ndata {len(content)}\n".encode() + content + b"\n"
