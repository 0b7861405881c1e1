"""Builds the real parts of the end-to-end tests: etcd, Kubernetes, Argo Rollouts, kwok, Prometheus, Helm and Argo CD.

Each part is a Go tool dependency of a small module under ``tools/``; the Go toolchain comes from PyPI. Results
lie outside the tree, one directory a module, named by the hash of what they are made from, so that a second run
has nothing to do and a changed version is built beside the old one::

    ${WATCHER_TOOLS_CACHE:-~/.cache/rollback-watcher}/<hash>/bin/...

``build_tools.py`` builds what is missing; ``build_tools.py --print`` prints a JSON object from name to path.
Needs Python >= 3.11 and its standard library only.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parent / "tools"
CATALOG = TOOLS / "tools.toml"
TOOLCHAIN = TOOLS / "toolchain.txt"
MARKER = "complete.json"  # written last: a directory without it is not complete
HEARTBEAT_SECONDS = 60.0
NEEDED_BYTES = 17 * 1024**3  # measured: sources, Go's own build cache and the binaries, from nothing
UNREACHABLE = (
    "dial tcp",
    "no such host",
    "i/o timeout",
    "Forbidden",
    "TLS handshake",
    "proxyconnect",
    "lookup disabled",
)
GO_SETTINGS = {
    "GOTOOLCHAIN": "local",
    "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
    "GOWORK": "off",
    "CGO_ENABLED": "0",  # no C compiler needed
}


class BuildError(Exception):
    """A part could not be built; the message says which, why, and what to do about it."""


@dataclass(frozen=True)
class Module:
    """One Go module under ``tools/``; ``tools`` and ``shares`` are its entries in the catalog, by name."""

    name: str
    tags: str
    tools: dict[str, dict[str, str]]
    shares: dict[str, dict[str, str]]

    def home(self, cache: Path) -> Path:
        """Where its results lie below the cache: a directory named by the hash of all that they depend on."""
        source = TOOLS / self.name
        inputs = [(source / "go.mod").read_bytes(), (source / "go.sum").read_bytes(), TOOLCHAIN.read_bytes()]
        inputs.append(f"{self} {GO_SETTINGS} {sys.platform} {os.uname().machine}".encode())
        inputs.extend(program.read_bytes() for program in sorted(source.rglob("*.go")))
        return cache / hashlib.sha256(b"\0".join(inputs)).hexdigest()[:24]

    def results(self, cache: Path) -> dict[str, Path]:
        """Name to path of all results, whether they are there yet or not."""
        home = self.home(cache)
        return {name: home / "bin" / name for name in self.tools} | {
            name: home / "share" / name for name in self.shares
        }


def modules() -> list[Module]:
    """The modules of the catalog."""
    catalog = tomllib.loads(CATALOG.read_text())["module"]
    return [
        Module(
            name=entry["name"],
            tags=entry.get("tags", ""),
            tools={tool["name"]: tool for tool in entry["tool"]},
            shares={share["name"]: share for share in entry.get("share", [])},
        )
        for entry in catalog
    ]


def cache_directory() -> Path:
    """The cache of built tools: ``WATCHER_TOOLS_CACHE``, else below the home directory."""
    named = os.environ.get("WATCHER_TOOLS_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "rollback-watcher"


def missing_modules(cache: Path) -> list[Module]:
    """The modules that are not completely built."""
    return [module for module in modules() if not (module.home(cache) / MARKER).is_file()]


def installed_tools() -> dict[str, Path] | None:
    """Name to path of every tool and shared directory, or None while any module is not completely built."""
    cache = cache_directory()
    if missing_modules(cache):
        return None
    return {name: path for module in modules() for name, path in module.results(cache).items()}


@contextlib.contextmanager
def _sole_builder(cache: Path) -> Iterator[None]:
    """Hold the cache's lock, so that two builds at once do not write the same files."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = (cache / "lock").open("w")
    except OSError as error:
        complaint = f"cannot write the cache {cache}: {error.strerror}.\nRemedy: name another, WATCHER_TOOLS_CACHE=DIR"
        raise BuildError(complaint) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another build that uses {cache}", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(argv: list[str], cwd: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run to the end, with a sign of life a minute; returns exit code and what was written to standard error."""
    with tempfile.TemporaryFile() as captured:
        process = subprocess.Popen(argv, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=captured)
        started = time.monotonic()
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(HEARTBEAT_SECONDS)
                    break
                print(f"        still at it, {time.monotonic() - started:.0f} s", flush=True)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        captured.seek(0)
        return process.returncode, captured.read().decode(errors="replace")


def _last(lines: int, text: str) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])


def _go_error(what: str, go: Path, stderr: str) -> BuildError:
    tail = _last(15, stderr)
    if any(sign in stderr for sign in UNREACHABLE):
        proxy = subprocess.run([go, "env", "GOPROXY"], capture_output=True, text=True, check=False).stdout.strip()
        return BuildError(
            f"{what}: the Go module proxy cannot be reached (GOPROXY={proxy}):\n{tail}\n"
            "Remedy: check the network, or set GOPROXY to a proxy that this machine reaches, and run this again; "
            "what is built already is kept."
        )
    if "no space left" in stderr:
        return BuildError(f"{what}: the disk is full:\n{tail}\nRemedy: free some space and run this again.")
    return BuildError(f"{what} does not build:\n{tail}\nRemedy: where sources look damaged, `go clean -modcache`.")


def _install_go(cache: Path) -> Path:
    """The Go toolchain from PyPI in an environment of its own; returns its command."""
    home = cache / f"go-{hashlib.sha256(TOOLCHAIN.read_bytes()).hexdigest()[:12]}"
    if (home / MARKER).is_file():
        return home / "bin" / "go"
    _check_space(cache)
    shutil.rmtree(home, ignore_errors=True)
    venv.create(home, with_pip=True)
    install = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    code, stderr = _run([*install, "--require-hashes", "-r", str(TOOLCHAIN)], home, dict(os.environ))
    if code:
        raise BuildError(
            f"the Go toolchain of {TOOLCHAIN.name} cannot be installed from PyPI:\n{_last(8, stderr)}\n"
            "Remedy: check the network and pip's index settings (`pip config list`), and run this again."
        )
    (home / MARKER).write_text("{}")
    return home / "bin" / "go"


def _build_tool(tool: dict[str, str], module: Module, output: Path, go: Path) -> None:
    flags = ["-tags", module.tags, "-ldflags", f"-s -w {tool.get('ldflags', '')}", "-o", str(output)]
    command = [str(go), "build", *flags, tool["package"]]
    code, stderr = _run(command, TOOLS / module.name, os.environ | GO_SETTINGS)
    if code:
        raise _go_error(tool["name"], go, stderr)


def _copy_share(share: dict[str, str], module: Module, target: Path, go: Path) -> None:
    query = [str(go), "list", "-m", "-f", "{{.Dir}}", share["module"]]
    listed = subprocess.run(
        query, cwd=TOOLS / module.name, env=os.environ | GO_SETTINGS, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        raise _go_error(share["name"], go, listed.stderr)
    files = sorted(Path(listed.stdout.strip()).glob(share["pattern"]))
    if not files:
        raise BuildError(f"{share['name']}: {share['module']} has no {share['pattern']}.\nRemedy: mend {CATALOG}")
    target.mkdir(parents=True, exist_ok=True)
    for file in files:
        (target / file.name).write_bytes(file.read_bytes())


def _build_module(module: Module, cache: Path, go: Path, progress: _Progress) -> None:
    started, results = time.monotonic(), module.results(cache)
    for name, tool in module.tools.items():
        with progress.step(f"{module.name}: {name}"):
            _build_tool(tool, module, results[name], go)
    for name, share in module.shares.items():
        _copy_share(share, module, results[name], go)
    report = {"module": module.name, "seconds": round(time.monotonic() - started, 1)}
    (module.home(cache) / MARKER).write_text(json.dumps(report))


def _check_space(cache: Path) -> None:
    free = shutil.disk_usage(cache).free
    if free < NEEDED_BYTES:
        raise BuildError(
            f"{free / 1024**3:.1f} GB free on the disk of {cache}, a first build needs 17 GB.\n"
            "Remedy: free some space, or use another disk: WATCHER_TOOLS_CACHE, GOCACHE and GOMODCACHE."
        )


class _Progress:
    """Prints ``[n/m] what`` and how long each step took."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.begun = 0

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        self.begun += 1
        started = time.monotonic()
        print(f"[{self.begun:>2}/{self.steps}] {what}", flush=True)
        yield
        print(f"        {time.monotonic() - started:.0f} s", flush=True)


def build(cache: Path) -> None:
    """Build every module that is not complete. Raises BuildError."""
    with _sole_builder(cache):
        missing = missing_modules(cache)
        if not missing:
            return
        progress = _Progress(1 + sum(len(module.tools) for module in missing))
        print(f"building the real parts of the end-to-end tests into {cache}; from nothing 25 minutes on 2 cores")
        with progress.step("Go toolchain"):
            go = _install_go(cache)
        for module in missing:
            _build_module(module, cache, go, progress)


def _print_installed() -> int:
    installed = installed_tools()
    if installed is None:
        names = ", ".join(module.name for module in missing_modules(cache_directory()))
        print(f"not built: {names}. Run: make e2e-tools", file=sys.stderr)
        return 1
    print(json.dumps({name: str(path) for name, path in installed.items()}, indent=2))
    return 0


def main() -> int:
    """Command line; exit code 0 when everything is there."""
    parser = argparse.ArgumentParser(description="Build the real parts of the end-to-end tests.")
    parser.add_argument("--print", action="store_true", help="only print name to path as JSON; exit 1 if not built")
    if parser.parse_args().print:
        return _print_installed()
    try:
        build(cache_directory())
    except BuildError as error:
        print(f"build_tools: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("build_tools: stopped; run it again to go on from here", file=sys.stderr)
        return 130
    print(f"the real parts of the end-to-end tests are in {cache_directory()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
