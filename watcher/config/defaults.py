"""What holds where the file says nothing, under the keys by which `explain` shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watcher.config.values import Duration, FalseRollbacks, Ratio
from watcher.core.policy import DEFAULT_RUNGS, Bake, JudgeRules, KnownGoodRules, Policy, QueryCheck, RatioCheck

if TYPE_CHECKING:
    from watcher.config.document import Path

Key = tuple[str, ...]

DEFAULT_SOURCE = "main"
NO_FLAG = "none"
DEFAULT_FALSE_ROLLBACKS = FalseRollbacks(1, 1000)


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective value; `path` leads to where it is written, None: it is the default."""

    value: Any
    path: Path | None = None


_POLICY = Policy()
_BAKE, _KNOWN_GOOD, _JUDGE = Bake(), KnownGoodRules(), JudgeRules()

SETTINGS: dict[Key, Any] = {
    ("mode",): str(_POLICY.mode),
    **{("rungs", str(rung)): str(mode) for rung, mode in DEFAULT_RUNGS},
    ("bake", "for"): Duration(_BAKE.hold_for),
    ("bake", "max"): Duration(_BAKE.max),
    ("bake", "minRequests"): _BAKE.min_requests,
    ("knownGood", "soak"): Duration(_KNOWN_GOOD.soak),
    ("knownGood", "maxAge"): Duration(_KNOWN_GOOD.max_age),
    ("knownGood", "accept"): str(_KNOWN_GOOD.accept),
    ("judge", "warmUp"): Duration(_JUDGE.warm_up),
    ("judge", "blameWindow"): Duration(_JUDGE.blame_window),
    ("judge", "earlyPass"): _JUDGE.early_pass,
    ("traffic", "may"): str(_POLICY.traffic),
    ("availability", "may"): str(_POLICY.availability),
    ("availability", "progressDeadline"): Duration(_POLICY.progress_deadline),
    ("flag",): _POLICY.flag or NO_FLAG,
    ("cooldown",): Duration(_POLICY.cooldown),
    ("breaker", "max"): _POLICY.breaker.max,
    ("breaker", "window"): Duration(_POLICY.breaker.window),
    ("breaker", "namespaces", "max"): _POLICY.namespace_breaker.max,
    ("breaker", "namespaces", "window"): Duration(_POLICY.namespace_breaker.window),
    ("migrations",): "required" if _POLICY.migrations_required else "optional",
    ("quarantine",): "rollBack" if _POLICY.repeat else "alarm",
    ("gitops", "bridge", "for"): Duration(_POLICY.bridge_for),
}

CHECK_FLOOR = Ratio(RatioCheck("", "", "").floor)
CHECK_MIN_BAD = RatioCheck("", "", "").min_bad
CHECK_HOLD_FOR = Duration(QueryCheck("", "", "").hold_for)
