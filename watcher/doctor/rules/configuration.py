"""Does the thresholds file say what it was meant to, and can this process write down what it decides?"""

from __future__ import annotations

from collections.abc import Iterator

from watcher.doctor.facts import Facts
from watcher.doctor.finding import Finding, Kind, Severity, some
from watcher.doctor.rules import Rule

UNMATCHED = Kind(
    "unmatched-workloads",
    Severity.INFO,
    what="$count $workloads $are matched by no entry of services: $names",
    why="They are not watched: nobody is told of their bad releases.",
    mend="add an entry to services in $file, as in: - match: {namespace: $namespace}; one workload:"
    " watcher explain $first --config $file",
)
ENTRY_MATCHES_NOTHING = Kind(
    "entry-matches-nothing",
    Severity.WARNING,
    what="$subject matches no workload of the cluster",
    why="Its bounds and its mode hold for nothing: often a misspelt namespace or name, and what was meant is"
    " unwatched.",
    mend="compare with: kubectl get deployments,statefulsets,daemonsets -A; then correct or remove the entry",
)
STORE_UNWRITABLE = Kind(
    "store-unwritable",
    Severity.CRITICAL,
    what="the decision log $subject cannot be written: $problem",
    why="Nothing is decided that cannot be recorded first: the daemon does not start, or stops acting.",
    mend="give the daemon's user a directory that it may write, on a volume: --store PATH (WATCHER_STORE)",
)
DISK_LOW = Kind(
    "disk-low",
    Severity.WARNING,
    what="$free MiB are left where the decision log $subject is",
    why="When the disk is full, watcher lives on a small reserve, and then stops deciding.",
    mend="enlarge the volume, or keep decisions for fewer days: WATCHER_RETENTION_DAYS",
)
KINDS = (UNMATCHED, ENTRY_MATCHES_NOTHING, STORE_UNWRITABLE, DISK_LOW)

ENOUGH_BYTES = 256 * 2**20
"""Bytes free that are enough for weeks of decisions."""


def unmatched(facts: Facts) -> Iterator[Finding]:
    """What nobody watches, but for what could never be acted on."""
    found = sorted(facts.cluster.unmatched)
    if found:
        one = len(found) == 1
        words = {"workloads": "workload" if one else "workloads", "are": "is" if one else "are"}
        names = {"names": some(found), "first": found[0], "namespace": found[0].namespace, "file": facts.file}
        yield UNMATCHED.found("services", count=len(found), **words, **names)


def entry_matches_nothing(facts: Facts) -> Iterator[Finding]:
    """An entry for nothing; nothing is said of entries where the cluster cannot be read."""
    if facts.cluster.problem:
        return
    for entry in facts.entries:
        if not entry.matches:
            yield ENTRY_MATCHES_NOTHING.found(f"entry {entry.number} of services ({entry.place})")


def store(facts: Facts) -> Iterator[Finding]:
    """The decision log."""
    process = facts.process
    if process.store_problem:
        yield STORE_UNWRITABLE.found(process.store, problem=process.store_problem)
    elif process.free_bytes is not None and process.free_bytes < ENOUGH_BYTES:
        yield DISK_LOW.found(process.store, free=process.free_bytes >> 20)


RULES: tuple[Rule, ...] = (unmatched, entry_matches_nothing, store)
