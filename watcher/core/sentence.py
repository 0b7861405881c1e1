"""Evidence in plain sentences."""

from __future__ import annotations

import math

from watcher.core.judging.evidence import CounterEvidence, Run, Tally
from watcher.core.policy import CounterCheck, HistogramCheck
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


def describe_breach(check: CounterCheck, lane: Lane, run: Run, proof: float) -> str:
    """Such as: errors: new version: 212 of 4,031 requests failed (5.3 %), old: 9 of 16,120 (0.06 %); allowed is 1 %;
    a good release would show this less than once in 1,000,000."""
    old = f", old: {_of(run.old)}" if run.old.total > 0 else ""
    who = "new version" if check.identify.sees_versions else "since the release"
    return (
        f"{check.name}: {who}: {run.new.bad:,.0f} of {run.new.total:,.0f} requests {_verb(check)}"
        f" ({percent(run.new.share)}){old}; allowed is {percent(run.limit)}{_why_limit(lane)};"
        f" a good release would show this less than once in {_rarity(proof):,}"
    )


def describe_quiet(check: CounterCheck, evidence: CounterEvidence) -> str:
    """Why there is no breach."""
    if evidence.new.total <= 0:
        return f"{check.name}: no requests on the new version seen yet"
    runs = [lane.run for lane in evidence.lanes if lane.run is not None and lane.run.new.bad >= 1]
    growing = ""
    if runs:
        run = max(runs, key=lambda each: each.excess)
        growing = f"; {_of(run.new)} lately, allowed is {percent(run.limit)}: not proven"
    return f"{check.name}: new version: {_of(evidence.new)} {_verb(check)}{growing}"


def _rarity(proof: float) -> int:
    """Evidence as a power of ten that it surely reaches."""
    return int(10 ** math.floor(math.log10(max(proof, 1.0)) + 1e-9))


def _of(tally: Tally) -> str:
    return f"{tally.bad:,.0f} of {tally.total:,.0f} ({percent(tally.share)})"


def _verb(check: CounterCheck) -> str:
    return "were too slow" if isinstance(check, HistogramCheck) else "failed"


def _why_limit(lane: Lane) -> str:
    if lane is Lane.NEW_VS_OLD:
        return " beside the old version"
    if lane is Lane.NEW_VS_BEFORE:
        return " after what was usual before"
    return ""
