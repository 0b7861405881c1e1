"""A feature flag of the OpenFeature operator, and versions whose faults come and go with it."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from tests.contract.flags.feature_flag import KEY, feature_flag
from tests.e2e.controlplane import ControlPlane, Json
from tests.e2e.controlplane.credentials import NAMESPACE
from tests.e2e.traffic import Traffic

CRDS = Path(__file__).parents[1] / "crds"
LOOK_EVERY = 0.2  # seconds: how long the services need to hear of a change
PROVIDERS: Json = {"providers": {"openfeature": {"kind": "openfeature", "propagates": "5s"}}}


def lets_switch_flags(account: str, namespace: str) -> list[Json]:
    """The documented bindings by which an account sees and switches flags in one namespace."""
    group = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": role, "namespace": namespace},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}],
        }
        for role in ("watcher-flags-view", "watcher-flags")
    ]


class FlagInCluster:
    """The flag `new-cart` of the FeatureFlag `shop` in a namespace; it is on in the beginning."""

    def __init__(self, plane: ControlPlane, traffic: Traffic, namespace: str) -> None:
        self.plane, self.namespace = plane, namespace
        self.name = f"openfeature/{KEY}@{namespace}/shop"
        self._traffic = traffic
        self._covered: list[str] = []
        self._stop = threading.Event()
        self._following = threading.Thread(target=self._follow, name=f"flags of {namespace}", daemon=True)
        plane.define(CRDS)
        self._manifest = feature_flag(namespace)
        plane.admin.apply(self._manifest, manager="flag-team")

    @property
    def annotation(self) -> dict[str, str]:
        """By which a pod template is tied to it."""
        return {"watcher.dev/flag": self.name}

    @property
    def live(self) -> Json:
        """Its definition as it is now."""
        raw = self.plane.admin.get(self.plane.admin.path_of(self._manifest))
        found: Json = raw["spec"]["flagSpec"]["flags"][KEY]
        return found

    @property
    def state(self) -> str:
        """ENABLED or DISABLED."""
        return str(self.live["state"])

    def change(self, **fields: str) -> None:
        """Somebody changes its definition."""
        change = {"spec": {"flagSpec": {"flags": {KEY: fields}}}}
        self.plane.admin.patch(self.plane.admin.path_of(self._manifest), change)

    def covers(self, image: str) -> None:
        """From now on the faults of this version come and go with the flag."""
        self._covered.append(image)
        if not self._following.is_alive():
            self._following.start()

    def close(self) -> None:
        """Follow it no more."""
        self._stop.set()
        if self._following.is_alive():
            self._following.join(10)

    def _follow(self) -> None:
        """Tell the traffic of each change, as the services would hear of it."""
        known = "ENABLED"
        while not self._stop.wait(LOOK_EVERY):
            with contextlib.suppress(Exception):  # the API server may be away for a moment
                state = self.state
                if state != known:
                    for image in self._covered:
                        (self._traffic.breaks if state == "ENABLED" else self._traffic.mends)(self.namespace, image)
                    known = state
