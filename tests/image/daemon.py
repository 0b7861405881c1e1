"""Commands in the image's root: read-only, under its uid, without capabilities, as a pod would run them."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

UID = 65532
WITHIN = 60.0

# What a container runtime does for `readOnlyRootFilesystem`, a volume and a ConfigMap.
_ENTER = """
set -eu
root=$1 data=$2 config=$3
shift 3
mkdir -p "$root/etc/watcher"
mount --bind "$root" "$root"
mount --bind "$data" "$root/var/lib/watcher"
mount --bind "$config" "$root/etc/watcher"
mount -o remount,ro,bind "$root/etc/watcher"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=64k tmpfs "$root/dev"
touch "$root/dev/null"
mount --bind /dev/null "$root/dev/null"
mount -o remount,ro,bind "$root"
exec chroot "$root" setpriv --bounding-set=-all --no-new-privs --reuid=65532 --regid=65532 --clear-groups \
  env --ignore-environment "$@"
"""


@dataclass(frozen=True)
class Pod:
    """Where commands run.  `environment` is what the image sets; `data` its volume, `config` its ConfigMap."""

    root: Path
    data: Path
    config: Path
    environment: tuple[str, ...]

    def argv(self, *command: str) -> list[str]:
        """The whole command line."""
        places = [str(each) for each in (self.root, self.data, self.config)]
        settings = [*self.environment, "WATCHER_KUBECONFIG=/etc/watcher/kubeconfig", "WATCHER_LOG_FORMAT=json"]
        return ["unshare", "--mount", "--propagation=private", "sh", "-c", _ENTER, "pod", *places, *settings, *command]

    def call(self, *command: str) -> tuple[int, str]:
        """Exit code, and everything it said."""
        done = subprocess.run(self.argv(*command), capture_output=True, text=True, timeout=300, check=False)
        return done.returncode, done.stdout + done.stderr

    @contextmanager
    def running(self, port: int) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
        """The daemon, ready; with the seconds that took from its start.  Raises AssertionError."""
        started = time.monotonic()
        settings = ("WATCHER_HOST=127.0.0.1", f"WATCHER_PORT={port}")
        with (self.data.parent / "daemon.log").open("wb") as log:
            process = subprocess.Popen(self.argv(*settings, "watcher", "run"), stderr=log, stdout=log)
            try:
                while not ready(port):
                    assert process.poll() is None, (self.data.parent / "daemon.log").read_text()[-2000:]
                    assert time.monotonic() - started < WITHIN, "not ready"
                    time.sleep(0.02)
                yield process, time.monotonic() - started
            finally:
                process.terminate()
                process.wait(60)


def ready(port: int) -> bool:
    """Whether it says that it is."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def forget_pages(root: Path) -> None:
    """Let the next start read its files from the disk."""
    for directory, _, names in os.walk(root / "opt"):
        for name in names:
            path = Path(directory) / name
            if path.is_file() and not path.is_symlink():
                handle = os.open(path, os.O_RDONLY)
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(handle)
