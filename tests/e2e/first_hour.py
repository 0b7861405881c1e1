"""An hour of the daemon in observe mode on the real API server: `examples/first-hour.md` is made of it.

    python -m tests.e2e.first_hour examples/first-hour.md

Real are kube-apiserver with its controllers, Argo Rollouts, Prometheus, the chart's manifests and the daemon, as a
process under the chart's ServiceAccount.  Not real are the shop and its people: no pod runs (kwok says that they are
Ready), requests are counted by an exporter as the image tags ask for, and who releases does it by the clock.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.e2e import workloads
from tests.e2e.build_tools import installed_tools
from tests.e2e.controlplane import ControlPlane, Prometheus
from tests.e2e.controlplane.ports import free_ports
from tests.e2e.harness import Daemon, Service, thresholds
from tests.e2e.harness.daemon import PROGRAM
from tests.e2e.harness.receiver import Receiver
from tests.e2e.harness.stage import House, Stage
from tests.e2e.traffic import Traffic

HOUR = 3600.0
SECRET = "a secret of the shop's first hour"
ABOUT = """\
## What this was made from

An hour on a real API server with its controllers, Argo Rollouts and Prometheus; watcher was installed by its chart with
`mode: observe` and ran under the chart's ServiceAccount. Not real are the shop's three services, whose requests are
counted by an exporter instead of being served, and the people, who release, go back and fix by the clock. In this hour
the webhook got {told} messages. So it shows how a first hour looks; a judgement of your services needs days of their
own. To write it anew, in an hour: `python -m tests.e2e.first_hour examples/first-hour.md` after `make e2e-tools`.

"""

Act = tuple[float, Callable[[], None]]
"""Minutes after the beginning, and what somebody does then."""


def main(output: Path) -> None:
    """Play it and write the report.  Raises SystemExit where the real parts are not built."""
    tools = installed_tools()
    if tools is None:
        raise SystemExit("the real parts are not built; run: make e2e-tools")
    with ExitStack() as ending:
        directory = Path(ending.enter_context(tempfile.TemporaryDirectory()))
        parts = {name: directory / name for name in ("plane", "prometheus", "targets", "stage")}
        for each in parts.values():
            each.mkdir()
        plane = ControlPlane(tools, parts["plane"])
        plane.start()
        ending.callback(plane.stop)
        targets = parts["targets"] / "targets.json"
        traffic = Traffic(plane.url, plane.users["traffic"].token, plane.ca, free_ports(1)[0], targets)
        traffic.start()
        ending.callback(traffic.stop)
        prometheus = Prometheus(tools, parts["prometheus"], targets)
        prometheus.start()
        ending.callback(prometheus.kill)
        receiver = ending.enter_context(Receiver(SECRET))
        stage = ending.enter_context(Stage(House(plane, prometheus, lambda: prometheus, traffic), parts["stage"]))
        output.write_text(_hour(stage, receiver, parts["stage"]))


def _hour(stage: Stage, receiver: Receiver, directory: Path) -> str:
    shop, pod = stage.shop, stage.pod
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1.0.0")
    search = shop.deploy(workloads.deployment, "search", "shop/search:4.0.0")
    checkout = shop.deploy(workloads.rollout, "checkout", "shop/checkout:2.0.0")
    _install(stage, receiver, directory)
    pod.start()
    begun = time.time()
    for minutes, act in sorted(_plan(cart, search, checkout), key=lambda each: each[0]):
        time.sleep(max(0.0, begun + 60 * minutes - time.time()))
        act()
    time.sleep(max(0.0, begun + HOUR - time.time()))
    names = {shop.namespace: "shop", stage.installed.name: "watcher"}
    return _report(pod, ABOUT.format(told=len(receiver.events)), names)


def _install(stage: Stage, receiver: Receiver, directory: Path) -> None:
    secret = directory / "hook-secret"
    secret.write_text(SECRET)
    hook = {"hook": {"webhook": {"url": receiver.url, "secretFile": str(secret)}}}
    observing = thresholds(
        stage.prometheus.url, stage.shop.namespace, mode="observe", bake={"for": "3m"}, judge={"warmUp": "30s"}
    )
    stage.installed.render({"thresholds": observing | {"cluster": "first-hour", "notifications": hook}})
    stage.installed.apply()
    stage.installed.equip(stage.pod)


def _plan(cart: Service, search: Service, checkout: Service) -> Iterator[Act]:
    """Good releases of each service, three bad ones, and what people did about those."""
    for number, minutes in enumerate((2, 8, 34, 42, 50), start=1):
        yield minutes, partial(cart.release, f"shop/cart:1.{number}.0")
    yield 16, partial(cart.release, "shop/cart:1.3.0-err20")
    yield 22, partial(cart.release, "shop/cart:1.2.0")
    for number, minutes in enumerate((4, 12, 36, 46), start=1):
        yield minutes, partial(search.release, f"shop/search:4.{number}.0")
    yield 26, partial(search.release, "shop/search:4.3.0-slow30")
    yield 31, partial(search.release, "shop/search:4.3.1")
    for number, minutes in enumerate((5, 20, 44), start=1):
        yield minutes, partial(checkout.release, f"shop/checkout:2.{number}.0")
        yield minutes + 2, checkout.promote
    yield 29, partial(checkout.release, "shop/checkout:2.3.0-err60")
    yield 33, partial(checkout.release, "shop/checkout:2.2.0")


def _report(pod: Daemon, about: str, names: dict[str, str]) -> str:
    """The report with what it was made from; generated namespaces get names for people."""
    asked = [str(PROGRAM), "report", "--since", "2h", "-o", "markdown", "--server", pod.url]
    page = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True).stdout
    title, _, rest = page.partition("\n\n")
    report = f"{title}\n\n{about}{rest}"
    for generated, name in names.items():
        report = report.replace(generated, name)
    return report


if __name__ == "__main__":
    main(Path(sys.argv[1]))
