"""Pure rules: facts -> findings.  Each module declares its kinds of findings (`KINDS`) and its `RULES`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from watcher.doctor.facts import Facts
from watcher.doctor.finding import Finding

Rule = Callable[[Facts], Iterator[Finding]]
