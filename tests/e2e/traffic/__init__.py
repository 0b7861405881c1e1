"""Requests for pods that serve none: counters as a scrape of each pod would have shown them.

The image tag asks for a version's traffic and faults (``profile.py``); Prometheus finds one target for each
running pod and scrapes it at its own path (``exporter.py``).
"""

from tests.e2e.traffic.counters import PodTraffic, Version
from tests.e2e.traffic.exporter import Traffic
from tests.e2e.traffic.profile import Profile

__all__ = ["PodTraffic", "Profile", "Traffic", "Version"]
