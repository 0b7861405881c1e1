"""Does the pod template lead back to what ran, and does readiness tell the truth?"""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.words import Kind as WorkloadKind
from watcher.doctor.facts import Container, Facts
from watcher.doctor.finding import Finding, Kind, Severity, some
from watcher.doctor.naming import names_of
from watcher.doctor.rules import Rule

MUTABLE_TAG = Kind(
    "mutable-tag",
    Severity.WARNING,
    what="$subject runs $images, by a tag that moves",
    why="Going back to the same tag pulls whatever it names by then, maybe the very version to get away from; and a"
    " push"
    " to it is a release that nobody sees.",
    mend="name a version or the digest: kubectl -n $namespace set image $resource/$name $container=IMAGE@sha256:DIGEST,"
    " in its source",
)
TAG_ALWAYS_PULLED = Kind(
    "tag-always-pulled",
    Severity.INFO,
    what="$subject pulls $images at each start, without a digest",
    why="Should the tag be pushed again, pods of one revision run different code; an undo also needs the registry.",
    mend="add the digest (IMAGE:TAG@sha256:DIGEST), or set imagePullPolicy: IfNotPresent",
)
NO_READINESS = Kind(
    "no-readiness-probe",
    Severity.WARNING,
    what="$subject has no readinessProbe",
    why="Its pods count as Ready before they can serve: a rollout, also the one back, replaces all of them at once"
    " though"
    " none of the new ones works, and requests fail while they start.",
    mend="add a readinessProbe to the container $container: {httpGet: {path: /ready, port: PORT}, periodSeconds: 5}",
)
READINESS_LAX = Kind(
    "readiness-lax",
    Severity.INFO,
    what="$subject takes requests for $seconds s after it stopped answering its readinessProbe (container $container)",
    why="Requests go on to fail for that long on a broken pod, and its absence is seen that much later.",
    mend="lower periodSeconds or failureThreshold of the readinessProbe; 5 and 3 are usual",
)
INTERRUPTS = Kind(
    "undo-interrupts",
    Severity.WARNING,
    what="$subject is replaced by stopping $stopped first ($why_so)",
    why="Going back takes the service down for as long as a pod needs to start, in the middle of an incident.",
    mend="$patch",
)
DEADLINE = Kind(
    "progress-deadline",
    Severity.WARNING,
    what="$subject has a progressDeadlineSeconds of $seconds, longer than it is watched ($watched s)",
    why="New pods that never become Ready are reported only after that, when nobody watches any more.",
    mend="""kubectl -n $namespace patch $resource $name --type merge -p '{"spec":{"progressDeadlineSeconds":600}}'"""
    " and the same in its source",
)
KINDS = (MUTABLE_TAG, TAG_ALWAYS_PULLED, NO_READINESS, READINESS_LAX, INTERRUPTS, DEADLINE)

LAX = 60
"""Seconds on end without an answer that are too many."""


def mutable_tags(facts: Facts) -> Iterator[Finding]:
    """`latest`, no tag at all, or a name of a branch or an environment."""
    for each in facts.cluster.workloads:
        moving = [container for container in each.containers if _moves(container.image)]
        if moving:
            images, names = some(container.image for container in moving), names_of(each.workload)
            yield MUTABLE_TAG.found(each.workload, images=images, container=moving[0].name, **names)
        pulled = [one for one in each.containers if one not in moving and _always_pulled(one)]
        if pulled:
            yield TAG_ALWAYS_PULLED.found(each.workload, images=some(container.image for container in pulled))


def _moves(image: str) -> bool:
    """A version or a commit has a figure in it; `latest`, `stable`, `main` and `prod` have none."""
    if "@" in image:
        return False
    tag = image.rpartition("/")[2].partition(":")[2]
    return not any(character.isdigit() for character in tag)


def _always_pulled(container: Container) -> bool:
    return container.pull == "Always" and "@" not in container.image


def no_readiness(facts: Facts) -> Iterator[Finding]:
    """No container says when it can serve; sidecars beside one that does are no matter."""
    for each in facts.cluster.workloads:
        if each.containers and not any(container.readiness for container in each.containers):
            yield NO_READINESS.found(each.workload, container=each.containers[0].name)


def readiness_lax(facts: Facts) -> Iterator[Finding]:
    """A probe that needs very long to notice."""
    for each in facts.cluster.workloads:
        for container in each.containers:
            probe = container.readiness
            if probe is not None and probe.period * probe.failures > LAX:
                seconds = probe.period * probe.failures
                yield READINESS_LAX.found(each.workload, seconds=seconds, container=container.name)


def interrupts(facts: Facts) -> Iterator[Finding]:
    """Recreate, or a rolling update that may stop every pod."""
    for each in facts.cluster.workloads:
        view, names = each.view, names_of(each.workload)
        if view.desired == 0 or view.workload.kind is WorkloadKind.DAEMON_SET or view.on_delete:
            continue
        stopped = "its only pod" if view.desired == 1 else f"all {view.desired} pods"
        if each.recreates:
            patch = f"kubectl -n {names['namespace']} patch {names['resource']} {names['name']} --type merge -p "
            patch += """'{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":null}}}'"""
            yield INTERRUPTS.found(each.workload, stopped=stopped, why_so="strategy Recreate", patch=patch)
        elif view.max_unavailable >= view.desired:
            why_so = f"{view.desired} of {view.desired} may be unavailable"
            patch = f"kubectl -n {names['namespace']} scale {names['resource']} {names['name']} --replicas=2"
            patch += ", or allow a surge and no unavailable pod (maxSurge: 1, maxUnavailable: 0) where the kind has it"
            yield INTERRUPTS.found(each.workload, stopped=stopped, why_so=why_so, patch=patch)


def deadline(facts: Facts) -> Iterator[Finding]:
    """The controller's deadline lies behind the end of the watch."""
    for each in facts.cluster.workloads:
        if each.deadline is not None and each.deadline > each.policy.bake.max:
            watched, names = f"{each.policy.bake.max:.0f}", names_of(each.workload)
            yield DEADLINE.found(each.workload, seconds=each.deadline, watched=watched, **names)


RULES: tuple[Rule, ...] = (mutable_tags, no_readiness, readiness_lax, interrupts, deadline)
