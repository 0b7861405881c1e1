"""The port `Flags` in memory: it passes the contract suite of the providers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from watcher.adapters.flag_switching import Wanted, switched
from watcher.core.flags import Flag, FlagSight
from watcher.ports import Rejected, WatcherError


@dataclass
class MemoryFlags:
    """`standing` are flags that are there; `failing` is raised instead of an answer.  `interfere` is done right before
    a write."""

    now: Callable[[], float]
    standing: dict[Flag, FlagSight] = field(default_factory=dict)
    failing: WatcherError | None = None
    looked: list[Flag] = field(default_factory=list)
    switches: list[tuple[Flag, bool, str]] = field(default_factory=list)
    interfere: Callable[[], object] | None = None
    covers: dict[str, Flag] = field(default_factory=dict)  # template: the flag without which it is well

    def off(self, template: str) -> bool:
        """Whether a flag covers this template, and is off."""
        flag = self.covers.get(template)
        return flag is not None and self.standing[flag].on is False

    def put(self, flag: Flag, *, on: bool, changed: float | None = None, propagates: float = 30.0) -> None:
        """Somebody sets it."""
        before = self.standing.get(flag)
        number = int(before.version) + 1 if before is not None else 1
        self.standing[flag] = FlagSight(
            flag,
            self.now(),
            on=on,
            state="on" if on else "off",
            version=str(number),
            changed=self.now() if changed is None else changed,
            propagates=propagates,
        )

    async def look(self, flag: Flag) -> FlagSight:
        self.looked.append(flag)
        return self._seen(flag)

    async def switch(self, flag: Flag, *, on: bool, expected: str, state: str = "", reason: str = "") -> FlagSight:
        async def look() -> FlagSight:
            return self._seen(flag)

        async def write(before: FlagSight) -> None:
            if self.interfere is not None:
                meanwhile, self.interfere = self.interfere, None
                meanwhile()
            if self._seen(flag).version != before.version:
                raise Rejected("it has another version")
            self.switches.append((flag, on, reason))
            self.put(flag, on=on, propagates=before.propagates)

        return await switched(flag, look, write, Wanted(on, expected, state, reason))

    def _seen(self, flag: Flag) -> FlagSight:
        if self.failing is not None:
            raise self.failing
        if flag not in self.standing:
            raise Rejected(f"{flag}: there is no such flag")
        found = self.standing[flag]
        return FlagSight(
            flag, self.now(), found.on, found.state, found.version, found.changed, found.propagates, found.problem
        )
