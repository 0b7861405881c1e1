"""The daemon under test: a process of its own, with an account of its own, asked over HTTP as anybody would."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.e2e.controlplane import ControlPlane, Json, Part, PartError, eventually
from tests.e2e.controlplane.credentials import NAMESPACE, write_kubeconfig
from tests.e2e.controlplane.ports import free_ports
from tests.e2e.harness.shop import Service

PROGRAM = Path(sys.executable).with_name("watcher")
START_SECONDS = 40.0
WITHIN = 120.0  # seconds; far more than is needed on an idle machine


class Daemon:
    """``watcher run`` as an account of the control plane; its port, store and log outlive a restart.

    ``server`` is the API server that its kubeconfig names, ``environment`` its settings (``WATCHER_*``); both count
    from the next start on. ``configure`` writes its thresholds file, also while it runs.
    """

    def __init__(self, plane: ControlPlane, namespace: str, directory: Path, user: str = "watcher") -> None:
        directory.mkdir(exist_ok=True)
        self.plane = plane
        self.user = user
        self.server = plane.url
        self.store = directory / "decisions.db"
        self.config = directory / "thresholds.yaml"
        self.log = directory / "watcher.log"
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}"
        self.environment = {"WATCHER_NAMESPACES": namespace, "WATCHER_PREFLIGHT": "false"}
        self._kubeconfig = directory / "kubeconfig"
        self.process = self._process()

    def _process(self) -> Part:
        fixed = {
            "WATCHER_CONFIG": self.config,
            "WATCHER_STORE": self.store,
            "WATCHER_KUBECONFIG": self._kubeconfig,
            "WATCHER_HOST": "127.0.0.1",
            "WATCHER_PORT": self.url.rpartition(":")[2],
            "WATCHER_NAMESPACE": NAMESPACE,
            "WATCHER_LOG_FORMAT": "json",
        }
        settings = {name: str(value) for name, value in fixed.items()}
        return Part("watcher", [PROGRAM, "run"], self.log, settings | self.environment)

    def configure(self, thresholds: Json) -> None:
        """Write its thresholds file."""
        beside = self.config.with_suffix(".new")
        beside.write_text(yaml.safe_dump(thresholds))
        beside.replace(self.config)

    def start(self) -> None:
        """Start it and wait until it says that it is ready. Raises PartError."""
        self.launch()
        self.process.wait_ready(self.is_ready, START_SECONDS)

    def launch(self) -> None:
        """Start it and wait for nothing."""
        write_kubeconfig(self._kubeconfig, self.plane.users[self.user], self.server, self.plane.ca)
        self.process = self._process()
        self.process.start()

    def stop(self) -> None:
        """End it with SIGTERM, as a rollout of it would. Raises AssertionError unless it ends with 0."""
        if self.process.running:
            code = self.process.stop(grace=30.0)
            assert code == 0, f"watcher ended with {code} after SIGTERM; end of {self.log}:\n{self.process.tail()}"

    def kill(self) -> None:
        """End it with SIGKILL, as a lost node would."""
        self.process.kill()

    def is_ready(self) -> bool:
        """Whether it says so, and does not only stand by."""
        return "standby" not in self._readiness("standby")

    def stands_by(self) -> bool:
        """Whether it says that it is ready to take over."""
        return "standby" in self._readiness("")

    def _readiness(self, otherwise: str) -> str:
        """What it says when it is ready."""
        try:
            answer = httpx.get(f"{self.url}/readyz", trust_env=False, timeout=5)
        except httpx.TransportError:
            return otherwise
        return answer.text if answer.is_success else otherwise

    def get(self, path: str, **params: Any) -> Json:
        """What its API answers at ``/api/v1/<path>``. AssertionError when it does not, PartError when it is gone."""
        try:
            answer = httpx.get(f"{self.url}/api/v1/{path}", params=params, trust_env=False, timeout=10)
        except httpx.TransportError as error:
            if self.process.running:
                raise AssertionError(f"{path}: {error!r}") from error
            raise PartError(f"watcher is not running; end of {self.log}:\n{self.process.tail()}") from error
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        body: Json = answer.json()
        return body

    def metric(self, name: str, service: Service) -> float | None:
        """The value of a metric of one service; None without one."""
        answer = httpx.get(f"{self.url}/metrics", trust_env=False, timeout=10)
        labelled = f'workload="{service.workload}"'
        lines = [line for line in answer.text.splitlines() if line.startswith(f"{name}{{") and labelled in line]
        return float(lines[0].rpartition(" ")[2]) if lines else None

    def releases(self, service: Service) -> list[Json]:
        """Its releases of a service, newest first."""
        found: list[Json] = self.get("releases", workload=service.workload)["items"]
        return found

    def decisions(self, service: Service) -> list[Json]:
        """Its decisions about a service, newest first."""
        found: list[Json] = self.get("decisions", workload=service.workload)["items"]
        return found

    def why(self, service: Service) -> Json:
        """Why it did, or did not, roll a service back."""
        return self.get(f"why/{service.workload}")

    def writes(self, namespace: str) -> list[str]:
        """Paths of what its account asked to change, without Events, the Lease and questions about permissions."""
        entries = self.plane.audit.entries(self.plane.users[self.user].username, writes=True, namespace=namespace)
        asking = ("events", "leases", "selfsubjectaccessreviews")
        return [entry.path for entry in entries if entry.resource not in asking]

    def log_lines(self, event: str = "") -> list[Json]:
        """What it has logged, of one event if so asked."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if not event or line.get("event") == event]

    def watches(self, service: Service, image: str, within: float = WITHIN) -> Json:
        """Wait until it has seen the release of this image; returns that release."""

        def seen() -> Json | None:
            return next((each for each in self.releases(service) if image in each["images"]), None)

        return eventually(seen, within, f"{service.workload}: the release of {image} is seen")

    def passes(self, service: Service, image: str, within: float = WITHIN) -> Json:
        """Wait until its watch of this image's release has ended in PASS; returns that release."""
        return self._release(service, image, within, verdict="pass")

    def ends(self, service: Service, image: str, within: float = WITHIN) -> Json:
        """Wait until its watch of this image's release has ended, however; returns that release."""

        def ended() -> Json | None:
            found = self.watches(service, image)
            return found if found["ended"] is not None else None

        return eventually(ended, within, f"{service.workload}: the watch of {image} has ended")

    def decides(self, service: Service, within: float = WITHIN, **wanted: object) -> Json:
        """Wait until its newest decision on a service has these values (``action``, ``mode``, ``guard`` as id ...)."""

        def decided() -> Json:
            newest = next(iter(self.decisions(service)), None)
            assert newest is not None, f"no decision; {self.why(service)}"
            shown = newest | {"guard": (newest["guard"] or {}).get("id")}
            assert wanted.items() <= shown.items(), f"{shown}"
            return newest

        return eventually(decided, within, f"{service.workload}: a decision with {wanted}", every=0.1)

    def restores(self, service: Service, within: float = WITHIN) -> Json:
        """Wait until its newest decision on a service has led to a proven recovery; returns that decision."""
        return self.decides(service, within, action="roll_back", outcome="restored")

    def _release(self, service: Service, image: str, within: float, **wanted: object) -> Json:
        def there() -> Json:
            found = self.watches(service, image)
            assert wanted.items() <= found.items(), f"{found}; {self.why(service)}"
            return found

        return eventually(there, within, f"{service.workload}: the release of {image} has {wanted}", every=0.1)
