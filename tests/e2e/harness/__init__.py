"""What the scenarios are written with: a shop of workloads, the daemon as a process of its own, and its records."""

from tests.e2e.harness.alongside import alongside
from tests.e2e.harness.application import Application, ShopInGit
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.installed import Installed
from tests.e2e.harness.records import Replayed, decision_log, replay_all
from tests.e2e.harness.replica_sets import ReplicaSetSequence
from tests.e2e.harness.shop import Service, Shop
from tests.e2e.harness.thresholds import thresholds

__all__ = [
    "Application",
    "Daemon",
    "Installed",
    "Replayed",
    "ReplicaSetSequence",
    "Service",
    "Shop",
    "ShopInGit",
    "alongside",
    "decision_log",
    "replay_all",
    "thresholds",
]
