"""What the rules are told: plain values, gathered from cluster, sources and this process.

Times are Unix seconds, durations seconds, shares ratios in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from watcher.adapters.kubernetes.permissions import Permission
from watcher.core.model import Workload, WorkloadView
from watcher.core.policy import Check, Policy, Source
from watcher.core.state import KnownGood
from watcher.doctor.flag_facts import FlagFacts
from watcher.doctor.git_facts import GitFacts
from watcher.doctor.naming import PodNames

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Probe:
    """A readiness probe: seconds between two attempts, and failures until the pod leaves the Service."""

    period: int = 10
    failures: int = 3


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod template.  `pull` is its imagePullPolicy, empty where the template gives none."""

    name: str
    image: str
    pull: str = ""
    readiness: Probe | None = None


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """A ConfigMap that a template refers to.  `changed`: when it was last written; None: it does not say."""

    name: str
    exists: bool = True
    immutable: bool = False
    changed: float | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class MigrationFacts:
    """The migration notes that a workload's newest pod template names.

    `exists`: whether `config_map` is there and holds any.  `broken`: the first mistake of each that cannot be read.
    `lacking`: (note, CronJob) of down migrations whose CronJob is not there.  `downs`: whether any note has a down
    migration.  `says`: whether the template says anything of migrations; `in_git`: whether notes may be in Git.
    """

    config_map: str = ""
    exists: bool = True
    broken: tuple[str, ...] = ()
    lacking: tuple[tuple[str, str], ...] = ()
    downs: bool = False
    says: bool = False
    in_git: bool = False


@dataclass(frozen=True, slots=True)
class WorkloadFacts:
    """One workload that an entry of services matches.

    `protected`: why it is never acted on.  `history_limit`: revisions that its controller keeps besides the current.
    `deadline`: progressDeadlineSeconds; None where the kind has none.  `rolled_out_in`: seconds that the last rollout
    took, where the cluster tells.  `known_good`: of the decision log; None where none was asked.
    """

    view: WorkloadView
    policy: Policy
    protected: str = ""
    containers: tuple[Container, ...] = ()
    recreates: bool = False
    surge: int = 0
    history_limit: int = 10
    deadline: int | None = None
    rolled_out_in: float | None = None
    configs: tuple[ConfigMap, ...] = ()
    others: tuple[str, ...] = ()  # other tools that decide about its releases
    helm: str = ""  # the Helm release it belongs to
    analysed: bool = False  # an Argo Rollout with an analysis
    known_good: tuple[KnownGood, ...] | None = None
    migrations: MigrationFacts = MigrationFacts()

    @property
    def workload(self) -> Workload:
        """Its name."""
        return self.view.workload


@dataclass(frozen=True, slots=True)
class AnalysisMetric:
    """One metric of an Argo AnalysisTemplate; conditions as they are written.

    `background`: it runs beside the steps, not in one of them.
    """

    template: str  # Kind/namespace/name
    name: str
    success: str = ""
    failure: str = ""
    interval: str = ""
    count: str = ""
    background: bool = False


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """What the account may and may not do.  `missing`: needed and not allowed; `beyond`: allowed and not needed."""

    account: str
    missing: tuple[Permission, ...] = ()
    beyond: tuple[Permission, ...] = ()
    unused: tuple[Permission, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The cluster.  `problem`: why it cannot be read at all; `unread`: what of it cannot, one sentence each.

    `pods` maps (namespace, pod) to the workload it belongs to, or None for a pod of no workload; those of namespaces
    with matched workloads.  `names` tells whose a pod was that is gone.  `elsewhere`: pods that series place in such a
    namespace, though they live in another one, as namespace/pod.
    """

    problem: str = ""
    unread: tuple[str, ...] = ()
    workloads: tuple[WorkloadFacts, ...] = ()
    unmatched: tuple[Workload, ...] = ()
    pods: Mapping[tuple[str, str], Workload | None] = field(default_factory=dict)
    names: PodNames = field(default_factory=PodNames)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    analyses: tuple[AnalysisMetric, ...] = ()
    access: AccessFacts | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A group of series with these labels in common."""

    labels: Labels
    count: int = 1


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of one workload in one window: all, and the bad (or slow) ones."""

    total: float
    bad: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests of one workload over the time looked back: windows of `seconds`, oldest first."""

    seconds: float
    windows: tuple[Requests, ...]

    @property
    def rate(self) -> float:
        """Requests a second, on the average of the windows that had data."""
        return sum(each.total for each in self.windows) / (self.seconds * len(self.windows)) if self.windows else 0.0


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """One measurement: a check as some workloads have it, whatever their bounds.

    `problem`: why nothing could be learnt.  `series`: by the labels that identify needs and by those that may name the
    server otherwise.  `values`: of each label of `bad`.  `bounds`: of a histogram, as they are written.
    `owners`: workloads that the series are of.  `history`: what a query check gave for each workload over the time
    looked back.
    """

    check: Check
    users: tuple[Workload, ...] = ()
    problem: str = ""
    metric: str = ""
    series: tuple[Series, ...] = ()
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    bounds: tuple[str, ...] = ()
    native: bool = False
    owners: frozenset[Workload] = frozenset()
    traffic: Mapping[Workload, Traffic] = field(default_factory=dict)
    history: Mapping[Workload, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One metrics source.  `problem`: why it does not answer.  `lag`: age of its newest sample.

    `interval`: seconds between two scrapes, as samples tell.  `skew`: its clock against ours.  `answers`: different
    answers to the same question about the past.  `warnings`: what it said is missing of an answer.
    """

    source: Source
    problem: str = ""
    version: str = ""
    retention: float | None = None
    skew: float | None = None
    lag: float | None = None
    interval: float | None = None
    answers: int = 1
    warnings: str = ""


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """This process: its decision log, empty where none was named, and its disk."""

    store: str = ""
    store_problem: str = ""
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of services: its number from 1, its place in the file, and how many workloads it matches."""

    number: int
    place: str
    matches: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the rules look at.  `now`: when it was gathered."""

    now: float
    file: str
    cluster: ClusterFacts = field(default_factory=ClusterFacts)
    checks: tuple[CheckFacts, ...] = ()
    sources: tuple[SourceFacts, ...] = ()
    process: ProcessFacts = field(default_factory=ProcessFacts)
    entries: tuple[Entry, ...] = ()
    git: GitFacts | None = None  # None: nobody looked there
    flags: tuple[FlagFacts, ...] = ()
    since: float = 86400.0
    unasked: tuple[str, ...] = ()  # what was not looked at and why; no defect
