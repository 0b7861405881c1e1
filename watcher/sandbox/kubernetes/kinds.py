"""The kinds the sandbox serves, and what the API server does differently for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One resource type of the API.

    `generation_from` names the parts of an object whose change raises `metadata.generation`.
    """

    group: str
    version: str
    kind: str
    plural: str
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    status: bool = False
    scale: bool = False
    all_category: bool = False
    custom: bool = False  # defined by a CustomResourceDefinition
    generation_from: tuple[str, ...] = ()
    unconditional_update: bool = True  # PUT without resourceVersion is accepted
    virtual: bool = False  # answers a question, is never stored
    graceful: bool = False  # deletion waits for the kubelet
    log: bool = False  # has a log

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """`deployments.apps`, as error messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def singular(self) -> str:
        """`deployment`."""
        return self.kind.lower()


NAMESPACE = Kind("", "v1", "Namespace", "namespaces", ("ns",), namespaced=False, status=True)
NODE = Kind("", "v1", "Node", "nodes", ("no",), namespaced=False, status=True)
POD = Kind("", "v1", "Pod", "pods", ("po",), status=True, all_category=True, graceful=True, log=True)
CONFIG_MAP = Kind("", "v1", "ConfigMap", "configmaps", ("cm",))
EVENT = Kind("", "v1", "Event", "events", ("ev",))
DEPLOYMENT = Kind(
    "apps",
    "v1",
    "Deployment",
    "deployments",
    ("deploy",),
    status=True,
    scale=True,
    all_category=True,
    generation_from=("spec", "annotations"),  # annotations too: the real Deployment strategy does so
)
REPLICA_SET = Kind(
    "apps",
    "v1",
    "ReplicaSet",
    "replicasets",
    ("rs",),
    status=True,
    scale=True,
    all_category=True,
    generation_from=("spec",),
)
STATEFUL_SET = Kind(
    "apps",
    "v1",
    "StatefulSet",
    "statefulsets",
    ("sts",),
    status=True,
    scale=True,
    all_category=True,
    generation_from=("spec",),
)
DAEMON_SET = Kind(
    "apps", "v1", "DaemonSet", "daemonsets", ("ds",), status=True, all_category=True, generation_from=("spec",)
)
CONTROLLER_REVISION = Kind("apps", "v1", "ControllerRevision", "controllerrevisions")
JOB = Kind("batch", "v1", "Job", "jobs", status=True, all_category=True, generation_from=("spec",))
CRON_JOB = Kind("batch", "v1", "CronJob", "cronjobs", ("cj",), all_category=True, generation_from=("spec",))
LEASE = Kind("coordination.k8s.io", "v1", "Lease", "leases", unconditional_update=False)
ROLLOUT = Kind(
    "argoproj.io",
    "v1alpha1",
    "Rollout",
    "rollouts",
    ("ro",),
    status=True,
    scale=True,
    custom=True,
    generation_from=("spec",),
    unconditional_update=False,
)
CANARY = Kind(
    "flagger.app",
    "v1beta1",
    "Canary",
    "canaries",
    status=True,
    custom=True,
    generation_from=("spec",),
    unconditional_update=False,
)
APPLICATION = Kind(  # its status is no subresource: who may patch it may write that too
    "argoproj.io",
    "v1alpha1",
    "Application",
    "applications",
    ("app", "apps"),
    custom=True,
    generation_from=("spec", "operation", "status"),
    unconditional_update=False,
)
KUSTOMIZATION = Kind(
    "kustomize.toolkit.fluxcd.io",
    "v1",
    "Kustomization",
    "kustomizations",
    ("ks",),
    status=True,
    custom=True,
    generation_from=("spec",),
    unconditional_update=False,
)
HELM_RELEASE = Kind(
    "helm.toolkit.fluxcd.io",
    "v2",
    "HelmRelease",
    "helmreleases",
    ("hr",),
    status=True,
    custom=True,
    generation_from=("spec",),
    unconditional_update=False,
)
GIT_REPOSITORY = Kind(
    "source.toolkit.fluxcd.io",
    "v1",
    "GitRepository",
    "gitrepositories",
    ("gitrepo",),
    status=True,
    custom=True,
    generation_from=("spec",),
    unconditional_update=False,
)
FEATURE_FLAG = Kind(
    "core.openfeature.dev",
    "v1beta1",
    "FeatureFlag",
    "featureflags",
    ("ff",),
    status=True,
    custom=True,
    generation_from=("spec",),
    unconditional_update=False,
)
ACCESS_REVIEW = Kind(
    "authorization.k8s.io",
    "v1",
    "SelfSubjectAccessReview",
    "selfsubjectaccessreviews",
    namespaced=False,
    virtual=True,
)

KINDS = (
    NAMESPACE,
    NODE,
    POD,
    CONFIG_MAP,
    EVENT,
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    DAEMON_SET,
    CONTROLLER_REVISION,
    JOB,
    CRON_JOB,
    LEASE,
    ROLLOUT,
    CANARY,
    APPLICATION,
    KUSTOMIZATION,
    HELM_RELEASE,
    GIT_REPOSITORY,
    FEATURE_FLAG,
    ACCESS_REVIEW,
)

_BY_PATH = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
_BY_TYPE = {(kind.api_version, kind.kind): kind for kind in KINDS}


def by_path(group: str, version: str, plural: str) -> Kind | None:
    """The kind served under that path, if any."""
    return _BY_PATH.get((group, version, plural))


def by_type(api_version: str, kind: str) -> Kind | None:
    """The kind of an object that says `apiVersion` and `kind`, if it is served."""
    return _BY_TYPE.get((api_version, kind))


def by_name(kind: str) -> Kind:
    """The kind called so, e.g. "Deployment". Raises KeyError for one the sandbox does not serve."""
    for candidate in KINDS:
        if candidate.kind == kind:
            return candidate
    served = ", ".join(candidate.kind for candidate in KINDS)
    raise KeyError(f"the sandbox does not serve kind {kind!r}; it serves {served}")
