"""The thresholds file of the shop, in the modes and with the never list that a history asks for."""

from __future__ import annotations

from pathlib import Path

TEXT = """
version: 1
mode: {mode}
{never}
sources: {{main: {{url: "http://127.0.0.1:9", interval: 15s}}}}
checks: {{errors: {{total: requests_total, bad: {{code: "5.."}}, max: 1%, increase: 2x}}}}
services:
  - match: {{namespace: shop}}
    checks: {{errors: {{}}}}
    bake: {{for: 2m, max: 20m}}
    judge: {{warmUp: 0s}}
    cooldown: {cooldown}s
breaker: {{max: {breaker}, window: 1h, namespaces: {{max: {breaker}, window: 1h}}}}
"""
COOLDOWN = 120
BREAKER = 3


def write(path: Path, mode: str, *, never: bool = False) -> None:
    """Put it in force: a daemon sees it within a second or two."""
    listed = "never: [{namespace: shop}]" if never else ""
    path.write_text(TEXT.format(mode=mode, never=listed, cooldown=COOLDOWN, breaker=BREAKER))
