"""Runs `git`: in an environment of its own, for a limited time, with limited output, never through a shell."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from watcher.ports import Rejected, Unavailable

LOCAL_SECONDS = 60.0
"""How long a command may take that asks nobody."""

LARGEST_OUTPUT = 64 * 1024 * 1024
LARGEST_FILE = 1024**3
"""Bytes of a file that a command may write: a repository that is larger must not fill the volume, for a pod whose
volume is too full is evicted."""

_LARGEST_COMPLAINT = 64 * 1024
_LOCAL_AT_ONCE, _REMOTE_AT_ONCE = 2, 6
"""The first bounds memory; of the second there are more, so that a server that hangs keeps no other one waiting."""

_GRACE_SECONDS = 2.0

_PASSED_ON = (
    *("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
)

_ALWAYS = (
    ("core.hooksPath", os.devnull),
    ("core.askPass", ""),
    ("credential.helper", ""),  # forgets every other helper
    ("safe.directory", "*"),
    ("core.quotePath", "false"),
    ("core.protectNTFS", "false"),  # nothing is checked out, and such names must be kept as they are
    ("core.protectHFS", "false"),
    ("gc.auto", "0"),  # `Clone` packs by itself, under its lock
    ("maintenance.auto", "false"),
    ("core.commitGraph", "false"),  # with one, a partial clone that has lost a pack fetches without end (Git 2.39)
    ("commit.gpgSign", "false"),
    ("push.gpgSign", "false"),
    ("push.recurseSubmodules", "no"),
    ("fetch.recurseSubmodules", "false"),
    ("core.packedGitWindowSize", "8m"),  # bounds what a large repository takes of memory
    ("core.packedGitLimit", "48m"),
    ("core.deltaBaseCacheLimit", "16m"),
    ("pack.windowMemory", "32m"),
    ("pack.deltaCacheSize", "16m"),
    ("pack.threads", "1"),
)


@dataclass(frozen=True, slots=True)
class Access:
    """What lets a command in at the server: settings of Git, and variables.  They name files of secrets, no secrets."""

    settings: tuple[tuple[str, str], ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


NOBODY = Access()


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: its exit code, its output, and what it complained of."""

    code: int
    out: bytes
    err: str


class Git:
    """The command.  `home` is the directory that it may think its user's."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._local, self._remote = asyncio.Semaphore(_LOCAL_AT_ONCE), asyncio.Semaphore(_REMOTE_AT_ONCE)

    async def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        access: Access = NOBODY,
        seconds: float = LOCAL_SECONDS,
        most: int = LARGEST_OUTPUT,
        remote: bool = False,
    ) -> Done:
        """Run it to its end, with whatever exit code; `remote`: it asks the server.  A few run at once at the most.

        Raises Unavailable when it took too long or could not be started, Rejected when it wrote more than `most` bytes.
        """
        async with self._remote if remote else self._local:
            process = await _started(arguments, environment(self._home, access))
            _bound(process)
            name = next((each for each in arguments if not each.startswith("-") and "=" not in each), "")
            try:
                async with asyncio.timeout(seconds):
                    return await _finished(process, stdin, most, f"git {name}")
            except TimeoutError:
                raise Unavailable(f"git {name} took longer than {seconds:.0f} s, and was ended") from None
            finally:
                await _end(process)


def environment(home: Path, access: Access) -> dict[str, str]:
    """All that the command sees of an environment."""
    settings = (*_ALWAYS, *access.settings)
    counted = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        counted |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_ALLOW_PROTOCOL": "file:http:https:ssh",
        **counted,
        **access.variables,
    }


async def _started(arguments: tuple[str, ...], variables: dict[str, str]) -> Process:
    """The process in a session of its own, so that it can be ended with all its children.  Raises Unavailable."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *("git", *arguments), stdin=PIPE, stdout=PIPE, stderr=PIPE, env=variables, start_new_session=True
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:  # asyncio itself would end the process alone, and then wait for its children
        await _end(await starting)
        raise
    except OSError as error:
        raise Unavailable(f"git cannot be started: {error.strerror}; is it installed, and on PATH?") from None


async def _finished(process: Process, stdin: bytes, most: int, name: str) -> Done:
    out, err, _ = await asyncio.gather(
        _all_of(process, most), _beginning(process.stderr), _feed(process, stdin), return_exceptions=False
    )
    if out is None:
        raise Rejected(f"{name} gave more than {most >> 20} MiB: too much is asked for at once")
    return Done(await process.wait(), out, err.decode("utf-8", "replace"))


async def _all_of(process: Process, most: int) -> bytes | None:
    """What it writes, or None (and its end) when that is more than `most` bytes."""
    found = bytearray()
    while part := await _stream(process.stdout).read(1 << 18):
        found += part
        if len(found) > most:
            _signal(process, signal.SIGTERM)
            return None
    return bytes(found)


async def _beginning(stream: asyncio.StreamReader | None) -> bytes:
    """The first of what it complains of: errors come before their consequences; the rest is thrown away."""
    found = bytearray()
    while part := await _stream(stream).read(1 << 14):
        found += part[: max(0, _LARGEST_COMPLAINT - len(found))]
    return bytes(found)


async def _feed(process: Process, stdin: bytes) -> None:
    pipe = process.stdin
    if pipe is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):  # it tells by its exit code why it did not read on
        pipe.write(stdin)
        await pipe.drain()
        pipe.close()
        await pipe.wait_closed()


async def _end(process: Process) -> None:
    """End what still runs, with its children; first so that Git removes its temporary files."""
    if process.returncode is not None and _stream(process.stdout).at_eof():
        return
    _signal(process, signal.SIGTERM)
    with suppress(TimeoutError):
        async with asyncio.timeout(_GRACE_SECONDS):
            await process.communicate()
    _signal(process, signal.SIGKILL)
    await process.communicate()


def _bound(process: Process) -> None:
    """Bound the files that it writes, with all its children, unless less is allowed to us ourselves."""
    ours, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if ours in (resource.RLIM_INFINITY, -1) or ours > LARGEST_FILE:
        with suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


def _signal(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _stream(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if stream is None:
        raise RuntimeError("the process was started without this pipe")
    return stream
