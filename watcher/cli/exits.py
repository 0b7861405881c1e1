"""Exit codes of all commands, in one place."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    """Done, and the answer is good news or just the answer."""
    FAILED = 1
    """Could not be done, or came out otherwise than it must."""
    INVALID = 2
    """The command line or the thresholds file is wrong."""
    UNREACHABLE = 5
    """The daemon, its decision log or another system that was to be asked does not answer."""
    CRITICAL = 6
    """The preflight found something that would keep a bad release from being seen or undone.

    3 and 4 are kept free: they tell pipelines that a release was rolled back, or stayed undecided.
    """
