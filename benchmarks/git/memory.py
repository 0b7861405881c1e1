"""What a process and its children hold in memory at a time."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_MIB = 1 << 20
_PAUSE_SECONDS = 0.01


class Peak:
    """Looks a hundred times a second while its block runs; `mib` is the most of all together, `own` of us alone."""

    def __init__(self) -> None:
        self.mib, self.own, self.children = 0.0, 0.0, ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_PAUSE_SECONDS):
            held = {each: _resident(each) for each in [os.getpid(), *_below(os.getpid())]}
            if sum(held.values()) > self.mib:
                self.mib, self.own = sum(held.values()), held[os.getpid()]
                others = {_name(each): size for each, size in held.items() if each != os.getpid()}
                self.children = " + ".join(f"{name} {size:.0f}" for name, size in others.items())


def _below(process: int) -> list[int]:
    try:
        threads = [each.read_text().split() for each in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:
        return []
    found = [int(each) for names in threads for each in names]
    return [process for child in found if "multiprocessing" not in _name(child) for process in (child, *_below(child))]


def _resident(process: int) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB


def _name(process: int) -> str:
    try:
        words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except OSError:
        return "?"
    return " ".join(each for each in words if not each.startswith("--git-dir"))[:60].strip()
