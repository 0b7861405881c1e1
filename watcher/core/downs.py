"""Down migrations that belong to a way back: each runs once as a Job, newest first, before the version or after it."""

from __future__ import annotations

from watcher.core.state import DownRun, Watch


def followed(watch: Watch | None) -> DownRun | None:
    """The down migration whose Job is to be looked at now, or None."""
    return next((each for each in watch.downs if each.under_way), None) if watch is not None else None
