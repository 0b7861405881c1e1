"""Is there a way back for each workload, and does it lead to what ran before?"""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.deciding.ledger import accepted
from watcher.core.words import Kind as WorkloadKind
from watcher.core.words import Mode
from watcher.doctor.facts import ConfigMap, Facts, WorkloadFacts
from watcher.doctor.finding import Finding, Kind, Severity, some
from watcher.doctor.naming import names_of
from watcher.doctor.rules import Rule

NO_HISTORY = Kind(
    "no-history",
    Severity.CRITICAL,
    what="$subject keeps no earlier revision (revisionHistoryLimit 0)",
    why="There is no template to put back: no automatic way back, and kubectl rollout undo fails too.",
    mend="""kubectl -n $namespace patch $resource $name --type merge -p '{"spec":{"revisionHistoryLimit":10}}'"""
    " and the same in its source; an operator keeps its own setting",
)
HISTORY_SHORT = Kind(
    "history-short",
    Severity.WARNING,
    what="$subject keeps $kept earlier $revisions only",
    why="After a few quick releases in a row, of which none was proven, the last good one is pruned already.",
    mend="""kubectl -n $namespace patch $resource $name --type merge -p '{"spec":{"revisionHistoryLimit":10}}'"""
    " and the same in its source",
)
TARGET_PRUNED = Kind(
    "target-pruned",
    Severity.CRITICAL,
    what="$subject is known good as $revisions, and the cluster keeps none of these besides the running one",
    why="A bad release has no proven target: the decision would be to hold.",
    mend="raise revisionHistoryLimit as above, and keep what runs until it is known good:"
    """ kubectl -n $namespace patch $resource $name --type merge -p '{"spec":{"revisionHistoryLimit":10}}'""",
)
NO_KNOWN_GOOD = Kind(
    "no-known-good",
    Severity.WARNING,
    what="$subject is in mode act, and no version of it is known good yet",
    why="A bad release would be held, because nothing is proven to go back to.",
    mend="wait: what runs unchanged becomes known good after an hour at the earliest, and each release that passes;"
    " see:"
    " watcher why $subject",
)
OWNED = Kind(
    "owned",
    Severity.WARNING,
    what="$subject is owned by $owner, which would put the bad version back",
    why="It has no automatic way back: the guard `owned` holds every rollback.",
    mend="go back in the owner: kubectl -n $namespace edit $owner; or leave it out with `not` in the entry that"
    " matches",
)
PAUSED = Kind(
    "paused",
    Severity.WARNING,
    what="$subject is paused: it takes a new template and does not move",
    why="A rollback would be accepted and change no pod.",
    mend="$resume",
)
CONFIG_MOVED = Kind(
    "config-moved",
    Severity.WARNING,
    what="$subject refers to $configs by a fixed name, changed since its version $revision was rolled out",
    why="Undo restores the template and not the ConfigMap: the old version would start on a configuration that it was"
    " never proven with.",
    mend="give each content a name of its own (Kustomize's configMapGenerator, Helm: a hash in the name, or"
    " `immutable: true`), so that a template leads to its configuration",
)
KINDS = (NO_HISTORY, HISTORY_SHORT, TARGET_PRUNED, NO_KNOWN_GOOD, OWNED, PAUSED, CONFIG_MOVED)

FEW = 3
"""Earlier revisions; a target further back is only proposed anyway."""

SETTLES = 60.0
"""Seconds: configuration that is applied together with a template is written about when the revision is made."""


def no_history(facts: Facts) -> Iterator[Finding]:
    """No earlier revision is kept, or too few."""
    for each in facts.cluster.workloads:
        if each.history_limit == 0:
            yield NO_HISTORY.found(each.workload, **names_of(each.workload))
        elif each.history_limit < FEW:
            revisions = "revision" if each.history_limit == 1 else "revisions"
            names = names_of(each.workload)
            yield HISTORY_SHORT.found(each.workload, kept=each.history_limit, revisions=revisions, **names)


def target_pruned(facts: Facts) -> Iterator[Finding]:
    """Versions are known good, and none but the running one is kept."""
    for each in facts.cluster.workloads:
        good = [entry for entry in each.known_good or () if accepted(entry, each.policy.known_good, facts.now)]
        newest = each.view.newest()
        running = newest.template_id if newest is not None else ""
        targets = [entry for entry in good if entry.template_id != running]
        if targets and all(each.view.with_template(entry.template_id) is None for entry in targets):
            revisions = some(entry.revision for entry in targets)
            yield TARGET_PRUNED.found(each.workload, revisions=revisions, **names_of(each.workload))


def no_known_good(facts: Facts) -> Iterator[Finding]:
    """It may act, and has nothing proven."""
    for each in facts.cluster.workloads:
        if each.policy.mode is not Mode.ACT or each.known_good is None or each.protected:
            continue
        if not any(accepted(entry, each.policy.known_good, facts.now) for entry in each.known_good):
            yield NO_KNOWN_GOOD.found(each.workload)


def owned(facts: Facts) -> Iterator[Finding]:
    """An operator owns it."""
    for each in facts.cluster.workloads:
        if each.view.owner:
            yield OWNED.found(each.workload, owner=each.view.owner, **names_of(each.workload))


def paused(facts: Facts) -> Iterator[Finding]:
    """spec.paused, which people forget."""
    for each in facts.cluster.workloads:
        rollout = each.view.rollout
        if each.view.paused or (rollout is not None and rollout.paused):
            names = names_of(each.workload)
            resume = "kubectl -n {namespace} rollout resume {resource} {name}"
            if each.workload.kind is WorkloadKind.ROLLOUT:
                resume = (
                    """kubectl -n {namespace} patch rollout {name} --type merge -p '{{"spec":{{"paused":false}}}}'"""
                )
            yield PAUSED.found(each.workload, resume=resume.format(**names))


def config_moved(facts: Facts) -> Iterator[Finding]:
    """A ConfigMap was written after the revision that uses it was made."""
    for each in facts.cluster.workloads:
        newest = each.view.newest()
        if newest is None:
            continue
        rolled_out = newest.created + (each.rolled_out_in or 0.0) + SETTLES
        proven = _proven(each, newest.template_id)
        moved = [config for config in each.configs if _moved(config, rolled_out, proven)]
        if moved:
            configs = some(f"ConfigMap/{config.name}" for config in moved)
            yield CONFIG_MOVED.found(each.workload, configs=configs, revision=newest.name)


def _moved(config: ConfigMap, rolled_out: float, proven: dict[str, str]) -> bool:
    if not config.exists or config.immutable:
        return False
    digest = proven.get(f"ConfigMap/{config.name}", "")
    if digest and config.digest:
        return digest != config.digest
    return config.changed is not None and config.changed > rolled_out


def _proven(each: WorkloadFacts, template_id: str) -> dict[str, str]:
    """Content hashes with which this version was proven good."""
    entries = [entry for entry in each.known_good or () if entry.template_id == template_id]
    return dict(entries[-1].configurations) if entries else {}


RULES: tuple[Rule, ...] = (no_history, target_pruned, no_known_good, owned, paused, config_moved)
