"""The first way back: switch off the feature flag that covers the release.

No version is changed, so neither the target nor the pod template matters; but a flag mends what the new code does, and
not pods that do not start.
"""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.flags import Flag, FlagSight
from watcher.core.policy import Policy
from watcher.core.state import RungStep
from watcher.core.words import Mode, Rung

SKEW = 5.0
"""Seconds by which a provider's clock may be behind the cluster's."""

NONE = "no feature flag is tied to this release"


@dataclass(frozen=True, slots=True)
class Tie:
    """A flag and its release: `named` by the pod template's annotation, which began at that time (Unix seconds).

    `sight` is None while nobody has looked at it.  `pods`: it is pods that do not start, or start again and again.
    `spent`: it was switched off for this release before.
    """

    named: str = ""
    began: float = 0.0
    sight: FlagSight | None = None
    pods: bool = False
    spent: bool = False


UNTIED = Tie()


def flag_of(named: str, policy: Policy) -> Flag | None:
    """The flag that a release is tied to by its annotation, or else by the thresholds file; None where there is none.

    Raises ValueError naming what is wrong with what is written.
    """
    text = named or policy.flag
    return Flag.parse(text) if text else None


def unseen(tie: Tie, policy: Policy) -> bool:
    """Whether it depends on a flag that nobody has looked at yet whether this rung can be taken."""
    if _never(tie, policy) or policy.rung_mode(Rung.FLAG) is Mode.NONE:
        return False
    return _sight(tie, policy) is None


def step(tie: Tie, policy: Policy) -> RungStep:
    """The rung as the ladder has it."""
    why = _never(tie, policy)
    if why:
        return _skipped(why)
    mode = policy.rung_mode(Rung.FLAG)
    if mode is Mode.NONE:
        return _skipped(f"switched off: rungs.{Rung.FLAG} is none")
    sight = _sight(tie, policy)
    if sight is None:
        return _skipped(f"how {tie.named or policy.flag} stands is not known yet")
    why = _useless(tie, sight)
    if why:
        return _skipped(why)
    return RungStep(Rung.FLAG, mode, taken=True, reason=f"switches {sight.flag} off, which covers this release")


def _never(tie: Tie, policy: Policy) -> str:
    """Why no flag helps this release, however it stands."""
    try:
        flag = flag_of(tie.named, policy)
    except ValueError as error:
        return f"annotation watcher.dev/flag: {error}" if tie.named else f"services[].flag: {error}"
    if flag is None:
        return NONE
    return f"{flag} does not mend pods that do not start" if tie.pods else ""


def _sight(tie: Tie, policy: Policy) -> FlagSight | None:
    return tie.sight if tie.sight is not None and tie.sight.flag == flag_of(tie.named, policy) else None


def _useless(tie: Tie, sight: FlagSight) -> str:
    """Why this flag is not switched, as it stands."""
    if sight.problem or sight.on is None:
        return f"{sight.flag}: {sight.problem or 'whether it is on is not known'}"
    if not sight.on:
        return f"{sight.flag} is off already"
    if tie.spent:
        return f"{sight.flag} was switched off for this release before, and somebody wants it on"
    if tie.named:
        return ""
    if sight.changed is None:
        return f"{sight.flag}: whether it was changed since the release began is not known"
    return "" if sight.changed >= tie.began - SKEW else f"{sight.flag} was not changed since the release began"


def _skipped(reason: str) -> RungStep:
    return RungStep(Rung.FLAG, Mode.NONE, taken=False, reason=reason)
