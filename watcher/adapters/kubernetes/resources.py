"""The resources that are read or written, and where the API serves them."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.words import Kind


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the API.  `group` is empty for the core group."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """As objects carry it: `apps/v1`, `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        """As permissions and error messages name it: `deployments.apps`, `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL's path of the collection, of one object, or of its subresource."""
        parts = ["apis" if self.group else "api", self.api_version]
        if namespace:
            parts += ["namespaces", namespace]
        parts += [self.plural, name, subresource]
        return "/" + "/".join(part for part in parts if part)


DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
REPLICA_SETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
STATEFUL_SETS = Resource("apps", "v1", "statefulsets", "StatefulSet")
DAEMON_SETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
CONTROLLER_REVISIONS = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
ROLLOUTS = Resource("argoproj.io", "v1alpha1", "rollouts", "Rollout")
APPLICATIONS = Resource("argoproj.io", "v1alpha1", "applications", "Application")
KUSTOMIZATIONS = Resource("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization")
HELM_RELEASES = Resource("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease")
CANARIES = Resource("flagger.app", "v1beta1", "canaries", "Canary")
GIT_REPOSITORIES = Resource("source.toolkit.fluxcd.io", "v1", "gitrepositories", "GitRepository")
FEATURE_FLAGS = Resource("core.openfeature.dev", "v1beta1", "featureflags", "FeatureFlag")
PODS = Resource("", "v1", "pods", "Pod")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
EVENTS = Resource("", "v1", "events", "Event")
JOBS = Resource("batch", "v1", "jobs", "Job")
CRON_JOBS = Resource("batch", "v1", "cronjobs", "CronJob")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
ACCESS_REVIEWS = Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview")
ACCESS_REVIEWS_OF_OTHERS = Resource("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview")

WORKLOADS: dict[Kind, Resource] = {
    Kind.DEPLOYMENT: DEPLOYMENTS,
    Kind.STATEFUL_SET: STATEFUL_SETS,
    Kind.DAEMON_SET: DAEMON_SETS,
    Kind.ROLLOUT: ROLLOUTS,
}

#: What keeps workloads as Git says, and where Flux fetches from.
GITOPS = (APPLICATIONS, KUSTOMIZATIONS, HELM_RELEASES, GIT_REPOSITORIES)

#: Where the controllers of a kind keep the templates of its revisions.
HISTORY: dict[Kind, Resource] = {
    Kind.DEPLOYMENT: REPLICA_SETS,
    Kind.STATEFUL_SET: CONTROLLER_REVISIONS,
    Kind.DAEMON_SET: CONTROLLER_REVISIONS,
    Kind.ROLLOUT: REPLICA_SETS,
}
