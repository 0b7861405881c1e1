"""Freeze windows: times in which nothing is written, but by the rungs that a window names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watcher.core.model import Frozen, WorkloadView
from watcher.core.moments import moment
from watcher.core.words import Rung


def frozen(windows: tuple[Frozen, ...], rung: Rung | None, view: WorkloadView) -> str:
    """Why this rung may not be taken now, or an empty string.  None stands for all of them."""
    needed = _needed(rung, view)
    return next((_text(each) for each in windows if rung is None or not needed <= set(each.rungs)), "")


def frozen_line(body: Mapping[str, Any]) -> str:
    """A window that is open, as `report.frozen_body` has it, in a line."""
    but = f"; may be done all the same: {', '.join(body['except'])}" if body.get("except") else ""
    why = f" ({body['reason']})" if body.get("reason") else ""
    return f"by {body.get('name')} until {moment(body.get('until'))}{why}{but}"


def _needed(rung: Rung | None, view: WorkloadView) -> set[Rung | None]:
    """The rungs that must be free: an undo that would be put back lasts only with the revert in Git."""
    application = view.application
    by_both = rung is Rung.UNDO and application is not None and application.self_heal
    return {rung, Rung.GIT} if by_both else {rung}


def _text(window: Frozen) -> str:
    why = f": {window.reason}" if window.reason else ""
    return f"frozen by {window.name} until {moment(window.until)}{why}"
