"""May a revert come into the branches that applications follow, and in which way?"""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.words import Mode, Rung
from watcher.doctor.facts import Facts, WorkloadFacts
from watcher.doctor.finding import Finding, Kind, Severity, some
from watcher.doctor.git_facts import Branch, place
from watcher.doctor.rules import Rule

REPOSITORY_UNKNOWN = Kind(
    "repository-unknown",
    Severity.WARNING,
    what="no entry of gitops.repositories fits $subject, from which $workloads $come",
    why="A repository without an entry is never touched: a bad release from it waits for a person.",
    mend="""add an entry to gitops.repositories in $file, as in: - {url: "$subject", auth: {tokenFile: FILE}};"""
    """ docs/gitops.md, What it needs""",
)
REPOSITORY_FILE_MISSING = Kind(
    "repository-file-missing",
    Severity.CRITICAL,
    what="$files, named by the entry of gitops.repositories for $subject, cannot be read",
    why="Without them nobody is let in: a revert fails in the middle of an incident.",
    mend="mount the Secret that has them (the chart: secrets, with name and mountPath), or correct the path in $file",
)
REPOSITORY_REFUSED = Kind(
    "repository-refused",
    Severity.CRITICAL,
    what="$subject cannot be fetched: $problem",
    why="What would be reverted cannot be seen, so nothing is: a bad release waits for a person.",
    mend="see to the credentials of its entry in gitops.repositories, and that the branch is there:"
    " git ls-remote $repo; docs/gitops.md, What it needs",
)
REPOSITORY_AWAY = Kind(
    "repository-away",
    Severity.CRITICAL,
    what="$subject does not answer: $problem",
    why="While it is away nothing can be reverted; where nothing else lasts, a bad release waits for a person.",
    mend="see whether it is reached from where watcher runs: git ls-remote $repo; with a NetworkPolicy let it out (the"
    " chart: networkPolicy.extraEgress); another address is named by `through`",
)
REPOSITORY_READ_ONLY = Kind(
    "repository-read-only",
    Severity.CRITICAL,
    what="no push to $subject would be taken: $problem",
    why="A revert is made and then refused, and a pull request needs a branch that is pushed, too.",
    mend="give the account, token or deploy key of its entry the right to write: docs/gitops.md, What it needs",
)
BRANCH_PROTECTED = Kind(
    "branch-protected",
    Severity.WARNING,
    what="$subject takes pull requests only ($reason); the bridge is $bridge: $workloads",
    why="A person must merge before Git leads back: minutes at best, and until then only a bridge holds where self-heal"
    " is on.",
    mend="let watcher's account push to the branch (GitHub: the list of those who may bypass the rule), or set"
    " `rungs: {bridge: act}`, or let the forge merge (`autoMerge: true`); docs/gitops.md, Bridge",
)
FORGE_MISSING = Kind(
    "forge-missing",
    Severity.CRITICAL,
    what="$subject takes pull requests only ($reason), and no forge is configured for it",
    why="Neither a push nor a pull request is possible: a bad release waits for a person.",
    mend="add `forge: {kind: github, api: ADDRESS, tokenFile: FILE}` to its entry of gitops.repositories in $file",
)
FORGE_PROBLEM = Kind(
    "forge-problem",
    Severity.WARNING,
    what="the forge of $subject does not tell whether the branch is protected: $problem",
    why="A push that is refused is turned into a pull request, and that would fail as well.",
    mend="see to `forge` in its entry of gitops.repositories: address, token, and what the token may do;"
    " docs/gitops.md, What it needs",
)
KINDS = (
    REPOSITORY_UNKNOWN,
    REPOSITORY_FILE_MISSING,
    REPOSITORY_REFUSED,
    REPOSITORY_AWAY,
    REPOSITORY_READ_ONLY,
    BRANCH_PROTECTED,
    FORGE_MISSING,
    FORGE_PROBLEM,
)


def unknown(facts: Facts) -> Iterator[Finding]:
    """No entry fits; said once for all branches of a repository."""
    found: dict[str, list[WorkloadFacts]] = {}
    for branch, several in _used(facts):
        if branch.entry is None:
            found.setdefault(branch.repo, []).extend(several)
    for repo, several in found.items():
        names = {each.workload for each in several}
        come = "comes" if len(names) == 1 else "come"
        yield REPOSITORY_UNKNOWN.found(repo, workloads=some(names), come=come, file=facts.file)


def files_missing(facts: Facts) -> Iterator[Finding]:
    """Token, key or host keys that are not there."""
    for branch, _ in _used(facts):
        if branch.missing:
            yield REPOSITORY_FILE_MISSING.found(branch.repo, files=some(branch.missing), file=facts.file)


def refused(facts: Facts) -> Iterator[Finding]:
    """Nobody is let in, or not to write."""
    for branch, _ in _used(facts):
        if branch.refused:
            yield REPOSITORY_REFUSED.found(branch, repo=branch.repo, problem=branch.refused)
        if branch.read_only:
            yield REPOSITORY_READ_ONLY.found(branch, problem=branch.read_only)


def away(facts: Facts) -> Iterator[Finding]:
    """It does not answer."""
    for branch, _ in _used(facts):
        if branch.away:
            yield REPOSITORY_AWAY.found(branch, repo=branch.repo, problem=branch.away)


def by_pull_request(facts: Facts) -> Iterator[Finding]:
    """A person must merge, or nobody can."""
    for branch, several in _used(facts):
        reason = branch.by_pull_request
        if reason and branch.forge:
            names = some(each.workload for each in several)
            yield BRANCH_PROTECTED.found(branch, reason=reason, bridge=_bridge(several), workloads=names)
        elif reason:
            yield FORGE_MISSING.found(branch, reason=reason, file=facts.file)


def forge_problem(facts: Facts) -> Iterator[Finding]:
    """The forge is away, or lets nobody in."""
    for branch, _ in _used(facts):
        if branch.forge_problem:
            yield FORGE_PROBLEM.found(branch, problem=branch.forge_problem)


def _bridge(several: list[WorkloadFacts]) -> str:
    """Whether it is allowed, for all of them or for some."""
    on = [each.policy.rung_mode(Rung.BRIDGE) is Mode.ACT for each in several]
    return "on" if all(on) else "on for some" if any(on) else "off"


def _used(facts: Facts) -> list[tuple[Branch, list[WorkloadFacts]]]:
    """Branches that were looked at, and what comes from them."""
    branches = facts.git.branches if facts.git is not None else {}
    users: dict[tuple[str, str], list[WorkloadFacts]] = {}
    for each in facts.cluster.workloads:
        application = each.view.application
        if application is None or application.refused or each.policy.rung_mode(Rung.GIT) is Mode.NONE:
            continue
        for source in application.sources:
            users.setdefault(place(application, source), []).append(each)
    return [(branch, users[key]) for key, branch in branches.items() if key in users]


RULES: tuple[Rule, ...] = (unknown, files_missing, refused, away, by_pull_request, forge_problem)
