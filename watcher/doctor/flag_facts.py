"""What the rules are told of feature flags: how those stand that workloads are tied to now."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.adapters.kubernetes.permissions import Permission
from watcher.core.flags import FlagSight
from watcher.core.model import Workload


@dataclass(frozen=True, slots=True)
class FlagFacts:
    """One flag, as `written`, and the workloads whose running version is tied to it.

    `wrong`: why what is written names no flag of any provider.  `sight`: how it stands; else `away`: why the provider
    does not answer, `refused`: why it lets us see nothing, `unknown`: why there is no such flag, or `undefined`: that
    the cluster serves no FeatureFlags at all.  `lacking`: permissions of the cluster without which it cannot be
    switched.  `keeper`: the tool that keeps its FeatureFlag as Git says.  `tried`: it is known to have been off.
    """

    written: str
    users: tuple[Workload, ...]
    annotated: bool = False  # by their pod templates, not by the thresholds file
    wrong: str = ""
    sight: FlagSight | None = None
    away: str = ""
    refused: str = ""
    unknown: str = ""
    undefined: bool = False
    lacking: tuple[Permission, ...] = ()
    keeper: str = ""
    tried: bool = False
