"""A person who goes back by hand, with the runbook."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.controlplane import ControlPlane
from tests.e2e.harness.shop import Service
from watcher.cli.runbook import read
from watcher.core.model import Workload
from watcher.runbook.commands import Command
from watcher.runbook.compose import Runbook, runbook


class Person:
    """Somebody with the runbook, a shell and kubectl.  `has` names what else is here, as commands `need` it."""

    def __init__(
        self,
        plane: ControlPlane,
        kubectl: Path,
        directory: Path,
        has: frozenset[str] = frozenset(),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._has = has | {""}
        self._kubeconfig = directory / "a person's kubeconfig"  # to be quoted
        self._kubeconfig.write_text(plane.kubeconfig("alice").read_text())
        path = f"{kubectl.parent}:{os.environ['PATH']}"
        self._environment = {**os.environ, "PATH": path, "HOME": str(directory), **(environment or {})}
        self._directory = directory

    def reads(self, service: Service) -> Runbook:
        """The runbook of it, as the cluster is now."""
        facts = asyncio.run(read(Workload.parse(service.workload), None, str(self._kubeconfig), ""))
        assert not facts.unseen
        return runbook(facts)

    def does(self, book: Runbook, *steps: str) -> None:
        """Run every command of these steps, in order and in one shell, but those that need what is not here."""
        for step in book.steps:
            if step.id in steps:
                self.runs(*step.commands)

    def runs(self, *commands: Command) -> None:
        """Run these, as far as it has what they need; simulated pods write no logs."""
        lines = [each.line for each in commands if each.needs in self._has and " logs " not in each.line]
        script = "\n".join(["set -eu", *lines])
        done = subprocess.run(
            ["bash", "-c", script],
            env=self._environment,
            cwd=self._directory,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
