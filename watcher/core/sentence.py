"""Evidence in plain sentences."""

from __future__ import annotations

from watcher.core.policy import CounterCheck, HistogramCheck
from watcher.core.state import CounterEvidence, LaneEvidence, Tally
from watcher.core.words import Lane


def percent(share: float) -> str:
    """A ratio in [0, 1] as people write it: 5.3 %, 0.06 %."""
    value = share * 100
    digits = 0 if value >= 10 or value == 0 else 1 if value >= 1 else 2
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def seconds(duration: float) -> str:
    """A duration as people write it: 45 s, 12 min, 3.5 h."""
    if duration < 120:
        return f"{duration:.0f} s"
    if duration < 7200:
        return f"{duration / 60:.0f} min"
    return f"{duration / 3600:.1f} h"


def describe_breach(check: CounterCheck, lane: LaneEvidence) -> str:
    """Such as: errors: new version: 212 of 4,031 requests failed (5.3 %), old: 9 of 16,120 (0.06 %); allowed is 1 %."""
    old = f", old: {_of(lane.old)}" if lane.old.total > 0 else ""
    who = "new version" if check.identify.sees_versions else "since the release"
    return (
        f"{check.name}: {who}: {lane.new.bad:,.0f} of {lane.new.total:,.0f} requests {_verb(check)}"
        f" ({percent(lane.new.share)}){old}; allowed is {percent(lane.limit)}{_why_limit(lane)}"
    )


def describe_quiet(check: CounterCheck, evidence: CounterEvidence) -> str:
    """Why there is no breach."""
    if evidence.new.total <= 0:
        return f"{check.name}: no requests on the new version seen yet"
    streak = max((lane.streak for lane in evidence.lanes), default=0)
    growing = f"; above its bound for {streak} block{'s' if streak > 1 else ''}, not proven yet" if streak else ""
    return f"{check.name}: new version: {_of(evidence.new)} {_verb(check)}{growing}"


def _of(tally: Tally) -> str:
    return f"{tally.bad:,.0f} of {tally.total:,.0f} ({percent(tally.share)})"


def _verb(check: CounterCheck) -> str:
    return "were too slow" if isinstance(check, HistogramCheck) else "failed"


def _why_limit(lane: LaneEvidence) -> str:
    if lane.lane is Lane.NEW_VS_OLD:
        return " beside the old version"
    if lane.lane is Lane.NEW_VS_BEFORE:
        return " after what was usual before"
    return ""
