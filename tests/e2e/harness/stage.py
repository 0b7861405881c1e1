"""What a scenario is played on: a namespace of its own, with daemons of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from tests.e2e.controlplane import ArgoCD, ControlPlane, GitServer, Json, Prometheus
from tests.e2e.controlplane.forge import ForgeServer
from tests.e2e.harness.application import ShopInGit
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.flags import PROVIDERS, FlagInCluster, lets_switch_flags
from tests.e2e.harness.forge_thread import served
from tests.e2e.harness.git import auth, forge_access, git_access, lets_follow_git, token_file
from tests.e2e.harness.installed import Installed
from tests.e2e.harness.permissions import HUB, READER, leads, lets_act, reads_but_applications, reads_holds
from tests.e2e.harness.records import Replayed
from tests.e2e.harness.shop import Shop
from tests.e2e.harness.thresholds import thresholds
from tests.e2e.proxy import Proxy
from tests.e2e.traffic import Traffic


@dataclass
class House:
    """The real parts that all scenarios share, and what is told at the end of the session."""

    control_plane: ControlPlane
    prometheus: Prometheus
    another_prometheus: Callable[[], Prometheus]
    traffic: Traffic
    replayed: Replayed = field(default_factory=Replayed)
    told: list[str] = field(default_factory=list)
    argocd: ArgoCD | None = None  # only where something is deployed from Git


class Stage:
    """A namespace and what a scenario asks for by name; each is made when it is first asked for.

    To be entered: at the end daemons are stopped and every record of theirs is replayed.
    """

    def __init__(self, house: House, directory: Path) -> None:
        self.control_plane, self.traffic, self.prometheus = house.control_plane, house.traffic, house.prometheus
        self.measured = house.told.append
        self._house, self._directory = house, directory
        self._daemons: list[Daemon] = []
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.__exit__(kind, error, at)

    @cached_property
    def namespace(self) -> str:
        """Its namespace; deleted at the end, without waiting for that."""
        admin, name = self.control_plane.admin, self.control_plane.namespace(f"shop-{uuid4().hex[:8]}")
        self._ending.callback(lambda: admin.delete(admin.path("Namespace", name=name, version="v1")))
        return name

    @cached_property
    def shop(self) -> Shop:
        """Its namespace as one in which workloads can be deployed."""
        return Shop(self.control_plane, self.namespace)

    @cached_property
    def forge(self) -> GitServer:
        """A Git server of its own, that may be down; runs."""
        forge = GitServer(self._directory / "git")
        self._ending.callback(forge.stop)
        forge.start()
        return forge

    @cached_property
    def pull_requests(self) -> ForgeServer:
        """The forge's API for the repository of ``shop_in_git``."""
        return self._ending.enter_context(served(self.shop_in_git.repository))

    @property
    def with_forge(self) -> Json:
        """Keys of the repository's entry by which pull requests are opened there."""
        return {"forge": forge_access(self.pull_requests, self._directory)}

    @cached_property
    def shop_in_git(self) -> ShopInGit:
        """Its namespace and a repository from which Argo CD deploys; over HTTP, with a token that may read."""
        argocd = self._house.argocd
        assert argocd is not None, "the house has no Argo CD"
        repository = self.forge.repository(self.namespace)
        argocd.give_access(repository.url, self.forge.reading_token)
        shop = ShopInGit(argocd, repository, self.namespace, repository.url)
        self._ending.callback(shop.close)
        return shop

    @cached_property
    def watcher(self) -> Daemon:
        """A daemon that may act here; configured to, not started."""
        self.control_plane.admin.apply(lets_act("watcher", self.namespace))
        daemon = self._daemon("watcher")
        self.control_plane.admin.apply(leads("watcher", self.namespace))
        return daemon

    @cached_property
    def git_watcher(self) -> Daemon:
        """A daemon that may act here, and push to the repository of ``shop_in_git``; configured to, not started."""
        self.watch_git()
        return self.watcher

    def watch_git(self, *, rungs: Json | None = None, service: Json | None = None, **entry: Any) -> Daemon:
        """As ``git_watcher``; ``entry`` adds keys to what is configured for the repository."""
        daemon = self.watcher
        self.control_plane.admin.apply(lets_follow_git(daemon.user, self.namespace))
        file = thresholds(self.prometheus.url, self.namespace, **(service or {}))
        file["gitops"] = git_access(self.forge, self.shop_in_git.url, self._directory, **entry)
        file |= {"rungs": rungs} if rungs is not None else {}
        daemon.environment["WATCHER_GIT_CACHE"] = str(self._directory / "git-cache")
        daemon.configure(file)
        return daemon

    @cached_property
    def flag(self) -> FlagInCluster:
        """A feature flag in its namespace, that ``flag_watcher`` may switch."""
        flag = FlagInCluster(self.control_plane, self.traffic, self.namespace)
        self._ending.callback(flag.close)
        return flag

    @cached_property
    def flag_watcher(self) -> Daemon:
        """A daemon that may act here, and switch ``flag``; configured to, not started."""
        daemon = self.watcher
        self.control_plane.admin.apply_all(lets_switch_flags(daemon.user, self.namespace))
        daemon.configure(thresholds(self.prometheus.url, self.namespace) | {"flags": PROVIDERS})
        return daemon

    @property
    def reading_only(self) -> Json:
        """The key ``auth`` of the repository's entry with a token that may not push."""
        return auth(self._directory / "reading-token", self.forge.reading_token)

    def watch_hub(self, api: str, token: str, destination: str) -> Daemon:
        """As ``git_watcher``, where Applications are seen and changed by Argo CD's API at ``api`` alone.

        ``destination`` is what this cluster is called there.
        """
        admin, daemon = self.control_plane.admin, self._daemon(HUB)
        admin.apply_all([*reads_but_applications(HUB), lets_act(HUB, self.namespace), leads(HUB, self.namespace)])
        file = thresholds(self.prometheus.url, self.namespace)
        file["gitops"] = git_access(self.forge, self.shop_in_git.url, self._directory)
        file["gitops"]["argocd"] = {"api": api, "destination": destination} | token_file(
            self._directory / "argocd-token", token
        )
        daemon.environment["WATCHER_GIT_CACHE"] = str(self._directory / "git-cache")
        daemon.configure(file)
        return daemon

    @cached_property
    def observer(self) -> Daemon:
        """A daemon whose account may only read, and that creates no Events; configured to act, not started."""
        daemon = self._daemon(READER)
        daemon.environment |= {"WATCHER_EVENTS": "false", "WATCHER_READ_ONLY": "true"}
        return daemon

    @cached_property
    def installed(self) -> Installed:
        """The chart in a namespace of its own; nothing is rendered yet."""
        found = Installed(self.control_plane, self._directory)
        self._ending.callback(found.remove)
        return found

    @cached_property
    def pod(self) -> Daemon:
        """The daemon in the place of the chart's pod; to be equipped by ``installed``."""
        return self._watched(Daemon(self.control_plane, "", self._directory / "pod", self.installed.name))

    @cached_property
    def second(self) -> Daemon:
        """Another daemon that may act here, with a store of its own; configured to, not started."""
        return self._daemon("watcher", "second")

    @cached_property
    def proxy(self) -> Proxy:
        """A proxy before the API server; runs."""
        proxy = Proxy(self.control_plane.url, self.control_plane.ca)
        proxy.start()
        self._ending.callback(proxy.stop)
        return proxy

    @cached_property
    def own_prometheus(self) -> Prometheus:
        """A Prometheus of its own, that may be killed; runs."""
        prometheus = self._house.another_prometheus()
        self._ending.callback(prometheus.kill)
        prometheus.start()
        return prometheus

    def abandon(self) -> None:
        """Kill its daemons, so that the scenario fails soon."""
        for daemon in self._daemons:
            daemon.kill()

    def _daemon(self, user: str, name: str = "") -> Daemon:
        """The hold on everything is in the daemon's own namespace, so that is this one, too."""
        self.control_plane.admin.apply_all(reads_holds(user, self.namespace))
        daemon = Daemon(self.control_plane, self.namespace, self._directory / (name or user), user)
        daemon.environment["WATCHER_NAMESPACE"] = self.namespace
        daemon.configure(thresholds(self.prometheus.url, self.namespace))
        return self._watched(daemon)

    def _watched(self, daemon: Daemon) -> Daemon:
        self._daemons.append(daemon)
        self._ending.callback(self._finish, daemon)
        return daemon

    def _finish(self, daemon: Daemon) -> None:
        """Stop a daemon and replay its records. What it logged last is shown where the scenario failed."""
        if not daemon.log.exists():
            return  # the scenario failed before it was started
        print(f"end of {daemon.log}:\n{daemon.process.tail()}")  # noqa: T201 - pytest shows it with a failure
        daemon.stop()
        if daemon.store.exists():
            self._house.replayed.add(daemon.store)
        crashed = [line for line in daemon.log_lines() if "exception" in line]
        assert not crashed, crashed
