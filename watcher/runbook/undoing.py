"""Put the good pod template back: what works on each kind of workload."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from watcher.core.model import Pod, Revision
from watcher.core.words import Kind
from watcher.incident.escaping import code
from watcher.runbook.commands import Command, Step, patch
from watcher.runbook.facts import Facts

TITLE = "Undo, and pair it with Git"
HASH_LABEL = "rollouts-pod-template-hash"


def undoing(facts: Facts) -> Step:
    """The undo of this kind, with what its controller would be stuck on."""
    why = _impossible(facts)
    if why:
        return Step("undo", TITLE, tuple(_instead(facts)), tuple(_restarting(facts)), why)
    target = facts.target
    assert target is not None  # noqa: S101 - else it is impossible
    return Step("undo", TITLE, tuple(_texts(facts, target)), tuple(_commands(facts, target)))


def _impossible(facts: Facts) -> str:
    if facts.target is None:
        return "the cluster keeps no other revision"
    if facts.view.owner:
        return f"{facts.view.owner} owns it, and would write its own template again: go back there"
    if facts.only_configuration:
        return "only configuration differs: the template of before would start pods on the same ConfigMap"
    return ""


def _instead(facts: Facts) -> Iterator[str]:
    target = facts.target
    if facts.only_configuration and target is not None:
        refs = ", ".join(sorted({*target.config_refs, *_newest_refs(facts)})) or "what the pods read"
        yield f"Put {refs} back in its source (Git, or whoever applies it), and then restart the pods."


def _newest_refs(facts: Facts) -> tuple[str, ...]:
    newest = facts.view.newest()
    return newest.config_refs if newest is not None else ()


def _restarting(facts: Facts) -> Iterator[Command]:
    if facts.only_configuration and not facts.view.owner:
        for ref in dict.fromkeys(_newest_refs(facts)):
            name = ref.removeprefix("ConfigMap/")
            yield Command(f"{ref} as it is", facts.call("get", "configmap", name, "--output=yaml"), reads=True)
        yield Command(
            "Once it is put back", f"# {facts.call('rollout', 'restart', f'{facts.kind}/{facts.name}')}", reads=True
        )


def _texts(facts: Facts, target: Revision) -> Iterator[str]:
    view = facts.view
    if view.manager is not None:
        yield "Only after the revert is pushed and the tool was asked to look: see the step before."
    else:
        yield "The same goes into whatever applies this workload, or the bad version comes back with its next run."
    if target.number != view.current:
        yield (
            f"It leads to revision {target.number}, {', '.join(map(code, target.images))}. It gets a new number by "
            "that."
        )
    if target.config_refs:
        yield f"ConfigMaps are not put back with it: {', '.join(target.config_refs)} stay as they are now."
    if facts.details.partition:
        yield (
            f"Pods below number {facts.details.partition} are not updated (partition), and come back bad when they die."
        )
    if view.on_delete:
        yield "It updates pods only when they are deleted (OnDelete): the template alone changes nothing."
    if facts.details.ordered:
        yield (
            "It replaces pods one by one (OrderedReady): one that never gets ready blocks all others, also after the "
            "template was put back, until it is deleted. Delete only pods of the bad revision that are not ready."
        )
    if view.rollout is not None and not view.rollout.in_progress:
        yield "It goes through the steps and pauses of its strategy; the last command leads it past them."


def _commands(facts: Facts, target: Revision) -> Iterator[Command]:
    if facts.view.workload.kind is Kind.ROLLOUT:
        yield from _rollout(facts, target)
        return
    resource = f"{facts.kind}/{facts.name}"
    if facts.view.paused:
        unpause = {"op": "replace", "path": "/spec/paused", "value": False}
        text = "Undo; it is paused, so both at once: kubectl refuses, and resumed first it would go on with the bad one"
        yield Command(text, _patched(facts, resource, target, "pod-template-hash", unpause))
    else:
        yield Command("Undo", facts.call("rollout", "undo", resource, f"--to-revision={target.number}"))
    if facts.details.partition:
        zero = patch({"op": "replace", "path": "/spec/updateStrategy/rollingUpdate/partition", "value": 0})
        yield Command("Update all pods", facts.call("patch", resource, "--type=json", f"--patch={zero}"))
    if facts.by_controller_revisions:
        yield from _pods(facts)
    if not facts.view.on_delete:
        yield Command("Until it is there", facts.call("rollout", "status", resource, "--timeout=10m"), reads=True)


def _pods(facts: Facts) -> Iterator[Command]:
    """Pods that the controller does not replace by itself."""
    bad = facts.view.newest()
    own = facts.view.pods_of(bad.name) if bad is not None else ()
    stuck = [pod for pod in own if not pod.ready]
    if facts.view.on_delete:
        yield from _deleting(
            "The pods of the bad revision, one after the other: wait until each is ready again", own, facts
        )
    elif facts.details.ordered and stuck:
        yield from _deleting("Pods of the bad revision that are not ready", tuple(stuck), facts)


def _deleting(text: str, pods: tuple[Pod, ...], facts: Facts) -> Iterator[Command]:
    if pods:
        lines = [facts.call("delete", "pod", pod.name) for pod in pods]
        yield Command(text, "\n".join(lines))


def _rollout(facts: Facts, target: Revision) -> Iterator[Command]:
    """A Rollout's template, taken from the ReplicaSet that the good revision has."""
    name = facts.name
    plugin = facts.call("argo", "rollouts", "undo", name, f"--to-revision={target.number}")
    yield Command("With the plugin", f"# {plugin}", reads=True, needs="the plugin of Argo Rollouts")
    resource = f"deployment/{facts.details.template_in}" if facts.details.template_in else f"rollout/{name}"
    yield Command("Undo", _patched(facts, resource, target, HASH_LABEL))
    rollout = facts.view.rollout
    if rollout is not None and not rollout.in_progress:
        now = facts.call("get", f"rollout/{name}", "--output=jsonpath={.status.currentPodHash}")
        yield Command(f"Until this says {target.name}", now, reads=True)
        full = patch({"op": "add", "path": "/status/promoteFull", "value": True})
        call = facts.call("patch", f"rollout/{name}", "--subresource=status", "--type=json", f"--patch={full}")
        yield Command("Then past steps and pauses", call)
    phase = facts.call(
        "get", f"rollout/{name}", "--output=jsonpath={.status.phase} {.status.stableRS} {.status.currentPodHash}"
    )
    yield Command("Until it is Healthy, and both hashes are the same", phase, reads=True)


def _patched(facts: Facts, resource: str, target: Revision, label: str, *more: dict[str, object]) -> str:
    """The template of the good revision's ReplicaSet in place of the spec's, without its controller's own `label`.

    The shell puts the template in, as it is when the command runs.
    """
    replica_set = f"replicaset/{facts.name}-{target.name}"
    template = facts.call("get", replica_set, "--output=jsonpath={.spec.template}")
    before = patch({"op": "test", "path": "/metadata/name", "value": resource.partition("/")[2]})[:-1]
    after = patch({"op": "remove", "path": f"/spec/template/metadata/labels/{label}"}, *more)[1:]
    replaced = f'{before},{{"op":"replace","path":"/spec/template","value":'
    call = facts.call("patch", resource, "--type=json")
    return f'TEMPLATE="$({template})"\n{call} --patch={quote(replaced)}"$TEMPLATE"{quote(f"}},{after}")}'
