"""A workload that is tied to a feature flag with which nothing is wrong; and for each finding both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.doctor.healthy import CART, NOW, facts
from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.permissions import Permission
from watcher.core.flags import Flag, FlagSight
from watcher.doctor.facts import Facts
from watcher.doctor.flag_facts import FlagFacts

FLAG = Flag("openfeature", "new-cart", "shop/flags")
ON = FlagSight(FLAG, NOW, on=True, state="ENABLED", version="u:1")
WELL = FlagFacts(str(FLAG), (CART,), sight=ON, tried=True)
PATCH = Permission("patch", resources.FEATURE_FLAGS, namespace="shop", purpose="to switch a flag off")


def flag(**spoilt: Any) -> Facts:
    """Cart alone, tied to a flag that is spoilt."""
    return replace(facts(), flags=(replace(WELL, **spoilt),))


OF_FLAGS: Mapping[str, tuple[Facts, Facts]] = {
    "flag-wrong": (flag(wrong="'x' names no flag", sight=None), flag()),
    "flag-provider-away": (flag(away="https://flags.test: connection refused", sight=None), flag()),
    "flag-token-refused": (flag(refused="answers 401", sight=None), flag()),
    "flag-unknown": (flag(unknown="answers 404", sight=None), flag()),
    "feature-flags-undefined": (flag(undefined=True, sight=None), flag()),
    "flag-permission-missing": (flag(lacking=(PATCH,)), flag()),
    "flag-kept-by-git": (flag(keeper="argocd shop"), flag()),
    "flag-never-off": (flag(tried=False), flag(tried=False, sight=replace(ON, on=False, state="DISABLED"))),
}
