"""The commands that render: kustomize and helm as child processes, with little around them and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from watcher.adapters.manifests.yaml_documents import LARGEST

SECONDS = 30.0
"""After which a command is ended."""
_CPU_SECONDS = 60
_MEMORY = 1 << 30  # bytes
_LARGEST_COMPLAINT = 1 << 16
_TOLD = 300
_NOBODY = "http://127.0.0.1:9"  # nothing listens there: what would be fetched fails at once
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]*@")


class NotRendered(Exception):
    """No objects came of it; the message says why."""


@dataclass(frozen=True, slots=True)
class Commands:
    """Which commands are at hand: `kustomize` as the beginning of its command line, `helm` as a path."""

    kustomize: tuple[str, ...] = ()
    helm: str = ""

    @classmethod
    def on_path(cls) -> Commands:
        """Those that are installed here; kubectl can do what kustomize does."""
        kustomize, kubectl = shutil.which("kustomize"), shutil.which("kubectl")
        build = (kustomize, "build") if kustomize else (kubectl, "kustomize") if kubectl else ()
        return cls(build, shutil.which("helm") or "")


def without_credentials(text: str) -> str:
    """A text whose URLs name no user and no password."""
    return _CREDENTIALS.sub("", text)


async def output(command: Sequence[str], workplace: Path, home: Path, seconds: float = SECONDS) -> bytes:
    """What a command writes.  It works in `workplace`, takes `home` for its user's, and finds no other commands.

    Raises NotRendered when it fails, takes too long or writes too much.  With its children it ends before this returns.
    """
    name = Path(command[0]).name
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            cwd=workplace,
            env=_environment(home),
            start_new_session=True,  # so that it can be ended with all its children
        )
    except OSError as error:
        raise NotRendered(f"{name} cannot be started: {error.strerror}") from None
    try:
        _bound(process)
        async with asyncio.timeout(seconds):
            out, err = await asyncio.gather(
                _beginning(process.stdout, LARGEST), _beginning(process.stderr, _LARGEST_COMPLAINT)
            )
            code = await process.wait()
    except TimeoutError:
        raise NotRendered(f"{name} took longer than {seconds:.0f} s, and was ended") from None
    finally:
        await _end(process)
    if len(out) > LARGEST:
        raise NotRendered(f"{name} wrote more than {LARGEST >> 20} MiB")
    if code:
        raise NotRendered(f"{name} failed: {_told(err, workplace) or f'exit code {code}'}")
    return out


def _environment(home: Path) -> dict[str, str]:
    proxies = {name: _NOBODY for each in ("http_proxy", "https_proxy", "all_proxy") for name in (each, each.upper())}
    return {**proxies, "HOME": str(home), "TMPDIR": str(home), "PATH": str(home), "LC_ALL": "C"}


def _bound(process: Process) -> None:
    """The system ends it by itself, should this process not be there to do so."""
    with suppress(ProcessLookupError, PermissionError):
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (_MEMORY, _MEMORY))


async def _beginning(stream: asyncio.StreamReader | None, most: int) -> bytes:
    """What comes, one byte beyond `most` at the most; the rest is thrown away."""
    found = bytearray()
    while stream is not None and (part := await stream.read(1 << 16)):
        found += part[: max(0, most + 1 - len(found))]
    return bytes(found)


async def _end(process: Process) -> None:
    """Nothing of it runs on: neither itself, nor what it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _told(complaint: bytes, workplace: Path) -> str:
    """The end of a complaint, where its cause is, in one line and without names of temporary directories."""
    text = complaint.decode("utf-8", "replace").replace(f"{os.path.realpath(workplace)}/", "")
    line = " ".join(without_credentials(text.replace(f"{workplace}/", "")).split())
    return line if len(line) <= _TOLD else f"... {line[-_TOLD:]}"
