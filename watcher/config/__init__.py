"""The thresholds file: read, checked, merged and explained.

`load(path)` gives `Thresholds`, or raises `ConfigError` with every problem of the file.
"""

from __future__ import annotations

from watcher.config.explaining import Explanation, Row, explain
from watcher.config.fingerprints import Fingerprint, fingerprint
from watcher.config.loading import load, loads
from watcher.config.problems import ConfigError, Problem
from watcher.config.thresholds import Thresholds
from watcher.config.values import FalseRollbacks

__all__ = [
    "ConfigError",
    "Explanation",
    "FalseRollbacks",
    "Fingerprint",
    "Problem",
    "Row",
    "Thresholds",
    "explain",
    "fingerprint",
    "load",
    "loads",
]
