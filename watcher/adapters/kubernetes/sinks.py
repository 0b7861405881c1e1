"""Where a reflector brings what it sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Methods:
    """Two methods as a sink."""

    put: Callable[[Any], None]
    drop: Callable[[Any], None]
