"""Which workloads a part of the file is for."""

from __future__ import annotations

from watcher.config.spec import Globs, Spec, described


class MatchFields(Spec):
    """Conditions on a workload; all of them must hold."""

    namespace: Globs | None = described("Glob, or a list of which one must match.")
    name: Globs | None = described("Glob, or a list of which one must match.")
    kind: Globs | None = described("Glob, or a list, over Deployment, StatefulSet, DaemonSet, Rollout.")
    labels: dict[str, str] | None = described("Labels of the workload, equal to these values.")


class MatchSpec(MatchFields):
    """Which workloads an entry is for; {} means all."""

    exclude: MatchFields | None = described("Workloads that are not meant although they match.", alias="not")
