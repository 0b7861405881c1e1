"""Would the notes on database migrations let a bad release go back, and would the down migrations run?"""

from __future__ import annotations

from collections.abc import Iterator

from watcher.doctor.facts import Facts
from watcher.doctor.finding import Finding, Kind, Severity
from watcher.doctor.rules import Rule

NOTES_MISSING = Kind(
    "migration-notes-missing",
    Severity.WARNING,
    what="$subject: $problem",
    why="Nothing tells whether an older version works on the schema of this release: where notes are required it is not"
    " rolled back, else it is rolled back over whatever was changed.",
    mend="keep the ConfigMap with the notes of this release, or annotate its pod template with"
    " watcher.dev/migrations: none where it brings no migration (docs/migrations.md)",
)
NOTE_BROKEN = Kind(
    "migration-note-broken",
    Severity.WARNING,
    what="$subject: a migration note in ConfigMap $config_map cannot be read: $problem",
    why="A note that cannot be read counts as unsafe: the release is not rolled back, people are told to roll forward.",
    mend="mend the note there and in its source; watcher migrations check finds every mistake in a pull request",
)
DOWN_JOB_MISSING = Kind(
    "down-job-missing",
    Severity.CRITICAL,
    what="$subject: the migration note $note names the CronJob $job for its down migration, and there is none in"
    " namespace $namespace",
    why="The down migration cannot run, so that the way back ends there and a person has to do both by hand.",
    mend="add the CronJob, suspended, to namespace $namespace: its template is what the Job is made of"
    " (docs/migrations.md, The Job)",
)
KINDS = (NOTES_MISSING, NOTE_BROKEN, DOWN_JOB_MISSING)


def notes_missing(facts: Facts) -> Iterator[Finding]:
    """A ConfigMap that is named and is not there, or a release that says nothing where it has to."""
    for each in facts.cluster.workloads:
        found = each.migrations
        if found.config_map and not found.exists:
            problem = f"its pod template names the ConfigMap {found.config_map} for migration notes, which holds none"
            yield NOTES_MISSING.found(each.workload, problem=problem)
        elif each.policy.migrations_required and not found.says and not found.in_git:
            problem = "its pod template says nothing of migrations, and migrations: required asks for it"
            yield NOTES_MISSING.found(each.workload, problem=problem)


def note_broken(facts: Facts) -> Iterator[Finding]:
    """A note that cannot be read."""
    for each in facts.cluster.workloads:
        for problem in each.migrations.broken:
            yield NOTE_BROKEN.found(each.workload, config_map=each.migrations.config_map, problem=problem)


def down_job_missing(facts: Facts) -> Iterator[Finding]:
    """A CronJob that a note names and that is not there."""
    for each in facts.cluster.workloads:
        for note, job in each.migrations.lacking:
            yield DOWN_JOB_MISSING.found(each.workload, note=note, job=job, namespace=each.workload.namespace)


RULES: tuple[Rule, ...] = (notes_missing, note_broken, down_job_missing)
