"""ReplicaSets of an owner that keeps one for each version: a Deployment or a Rollout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.templates import same_template, template_hash, with_label
from watcher.sandbox.controllers.world import World, owner_reference
from watcher.sandbox.kubernetes.kinds import DEPLOYMENT, REPLICA_SET, ROLLOUT, Kind
from watcher.sandbox.kubernetes.objects import Json, annotations_of, is_terminating, name_of, namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Family:
    """What distinguishes the two owners: the label on pods, and the prefix of the annotations."""

    owner: Kind
    hash_label: str
    prefix: str
    component: str

    @property
    def revision(self) -> str:
        """The annotation that holds the revision number, on ReplicaSets and on the owner."""
        return f"{self.prefix}/revision"

    @property
    def revision_history(self) -> str:
        """The annotation that lists the numbers a ReplicaSet had before."""
        return f"{self.prefix}/revision-history"

    @property
    def desired(self) -> str:
        """The annotation with the owner's size."""
        return f"{self.prefix}/desired-replicas"


DEPLOYMENTS = Family(DEPLOYMENT, "pod-template-hash", "deployment.kubernetes.io", "deployment-controller")
ROLLOUTS = Family(ROLLOUT, "rollouts-pod-template-hash", "rollout.argoproj.io", "rollouts-controller")


def replica_sets(world: World, owner: Json) -> list[Json]:
    """The owner's ReplicaSets, oldest first."""
    found = [rs for rs in world.owned(REPLICA_SET, owner) if not is_terminating(rs)]
    return sorted(found, key=lambda rs: (rs["metadata"]["creationTimestamp"], int(rs["metadata"]["resourceVersion"])))


def matching(family: Family, sets: Iterable[Json], template: Json) -> Json | None:
    """The ReplicaSet that was made from this template."""
    return next((rs for rs in sets if same_template(rs["spec"]["template"], template, family.hash_label)), None)


def revision_of(family: Family, obj: Json) -> int:
    """The revision number in the annotation, 0 when absent."""
    return int(annotations_of(obj).get(family.revision, "0"))


def wanted(rs: Json) -> int:
    """`spec.replicas`."""
    return int(rs["spec"]["replicas"])


def available(rs: Json) -> int:
    """`status.availableReplicas`."""
    return int(rs["status"].get("availableReplicas", 0))


def existing(rs: Json) -> int:
    """`status.replicas`."""
    return int(rs["status"].get("replicas", 0))


def ready(rs: Json) -> int:
    """`status.readyReplicas`."""
    return int(rs["status"].get("readyReplicas", 0))


def total(sets: Sequence[Json], field: str) -> int:
    """The sum of one status field over ReplicaSets."""
    return sum(int(rs["status"].get(field, 0)) for rs in sets)


def create(world: World, family: Family, owner: Json, template: Json, replicas: int, size: int) -> Json:
    """A new ReplicaSet for the template, not yet numbered; `size` is what the owner is to have in all."""
    pod_hash = template_hash(template, family.hash_label)  # a Deployment and a Rollout may share name and template
    labelled = with_label(template, family.hash_label, pod_hash)
    selector = owner["spec"].get("selector") or {"matchLabels": template["metadata"].get("labels") or {}}
    match_labels = {**(selector.get("matchLabels") or {}), family.hash_label: pod_hash}
    made = world.create(
        REPLICA_SET,
        namespace_of(owner),
        {
            "metadata": {
                "name": f"{name_of(owner)}-{pod_hash}",
                "labels": labelled["metadata"]["labels"],
                "annotations": {**_inherited(family, owner), family.desired: str(size)},
                "ownerReferences": [owner_reference(family.owner, owner)],
            },
            "spec": {
                "replicas": replicas,
                "minReadySeconds": int(owner["spec"].get("minReadySeconds", 0)),
                "selector": {**selector, "matchLabels": match_labels},
                "template": labelled,
            },
        },
        family.component,
    )
    if replicas:
        _tell(world, family, owner, f"Scaled up replica set {name_of(made)} from 0 to {replicas}")
    return made


def number(world: World, family: Family, rs: Json, others: Sequence[Json]) -> Json:
    """Gives the current ReplicaSet the highest revision; an old one that comes back keeps its former numbers."""
    highest = max((revision_of(family, other) for other in others), default=0) + 1
    had = revision_of(family, rs)
    if had >= highest:
        return rs
    annotations = {**annotations_of(rs), family.revision: str(highest)}
    if had:
        history = annotations.get(family.revision_history, "")
        annotations[family.revision_history] = f"{history},{had}" if history else str(had)
    return world.modify(REPLICA_SET, rs, lambda live: _annotated(live, annotations), family.component)


def inherit(world: World, family: Family, owner: Json, rs: Json) -> Json:
    """Copies the owner's annotations (e.g. `kubernetes.io/change-cause`) and `minReadySeconds` to its current set."""
    annotations = {**annotations_of(rs), **_inherited(family, owner)}
    spec = {**rs["spec"], "minReadySeconds": int(owner["spec"].get("minReadySeconds", 0))}
    return world.modify(REPLICA_SET, rs, lambda live: _annotated({**live, "spec": spec}, annotations), family.component)


def scale(world: World, family: Family, owner: Json, rs: Json, replicas: int) -> Json:
    """Sets the ReplicaSet's size, with an Event on the owner."""
    before = wanted(rs)
    size = str(owner["spec"].get("replicas", 1))
    annotations = {**annotations_of(rs), family.desired: size}
    scaled = world.modify(
        REPLICA_SET,
        rs,
        lambda live: _annotated({**live, "spec": {**live["spec"], "replicas": replicas}}, annotations),
        family.component,
    )
    if replicas != before:
        direction = "up" if replicas > before else "down"
        message = f"Scaled {direction} replica set {name_of(rs)} from {before} to {replicas}"
        _tell(world, family, owner, message)
    return scaled


def prune(world: World, family: Family, old: Sequence[Json], limit: int) -> None:
    """Deletes the oldest ReplicaSets without pods beyond the history limit."""
    empty = sorted((rs for rs in old if not wanted(rs) and not existing(rs)), key=lambda rs: revision_of(family, rs))
    for rs in empty[: max(0, len(old) - limit)]:
        world.delete(REPLICA_SET, rs)


def _inherited(family: Family, owner: Json) -> dict[str, str]:
    own = (family.revision, family.revision_history, family.desired, _LAST_APPLIED)
    return {key: value for key, value in annotations_of(owner).items() if key not in own}


def _annotated(obj: Json, annotations: dict[str, str]) -> Json:
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}


def _tell(world: World, family: Family, owner: Json, message: str) -> None:
    world.events.normal(family.component, owner, "ScalingReplicaSet", message)
