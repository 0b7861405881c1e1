"""Can the flag be switched off that a release is tied to, and is it known what happens then?"""

from __future__ import annotations

from collections.abc import Iterator

from watcher.doctor.facts import Facts
from watcher.doctor.finding import Finding, Kind, Severity, some
from watcher.doctor.rules import Rule

FLAG_WRONG = Kind(
    "flag-wrong",
    Severity.WARNING,
    what="$subject is tied to the flag $flag: $problem",
    why="No flag is switched off: the quickest way back is not there, and the next one is taken.",
    mend="write watcher.dev/flag: PROVIDER/KEY@ENVIRONMENT on the pod template, with a provider of flags: providers: in"
    " $file",
)
FLAG_AWAY = Kind(
    "flag-provider-away",
    Severity.WARNING,
    what="the provider of $subject does not answer: $problem",
    why="How the flag stands is not known, so it is not switched off, and the next way back is taken.",
    mend="let the daemon reach it: address, network policy, proxy, and caFile of the provider in $file",
)
FLAG_REFUSED = Kind(
    "flag-token-refused",
    Severity.WARNING,
    what="$subject cannot be looked at: $problem",
    why="How the flag stands is not known, so it is not switched off, and the next way back is taken.",
    mend="give the provider's token the rights that docs/flags.md lists (Providers and their rights), or a new one",
)
FLAG_UNKNOWN = Kind(
    "flag-unknown",
    Severity.WARNING,
    what="$users is tied to $subject, and there is no such flag: $problem",
    why="No flag is switched off: the quickest way back is not there, and the next one is taken.",
    mend="correct key and environment, on the pod template or in services[].flag of $file",
)
FLAGS_UNDEFINED = Kind(
    "feature-flags-undefined",
    Severity.WARNING,
    what="$subject is a FeatureFlag of the OpenFeature operator, and this cluster serves none",
    why="No flag is switched off: the quickest way back is not there, and the next one is taken.",
    mend="install the CRD featureflags.core.openfeature.dev with the OpenFeature operator, or name another provider in"
    " $file",
)
FLAG_FIXED = Kind(
    "flag-permission-missing",
    Severity.WARNING,
    what="$subject cannot be switched: $missing",
    why="Switching it off fails in an incident, and the next way back is taken.",
    mend="grant it: ClusterRole watcher-flags of config/rbac.yaml, or rungs.flag: true of the chart; else set"
    " rungs: {flag: none} in $file",
)
FLAG_KEPT = Kind(
    "flag-kept-by-git",
    Severity.WARNING,
    what="the FeatureFlag of $subject is kept by $keeper as Git says",
    why="Where that puts changes back by itself, the flag is on again seconds after it was switched off.",
    mend="have it leave spec.flagSpec to others (ignoreDifferences of Argo CD), or take the object out of Git",
)
FLAG_UNTRIED = Kind(
    "flag-never-off",
    Severity.WARNING,
    what="$subject has never been off, as far as is known, and $users would be left without it",
    why="What a release does with its flag off is code that may never have run: switching it off in an incident changes"
    " it for everybody at once.",
    mend="rehearse it: watcher rehearse WORKLOAD --in NAMESPACE; until then rungs: {flag: propose} in $file",
)
KINDS = (FLAG_WRONG, FLAG_AWAY, FLAG_REFUSED, FLAG_UNKNOWN, FLAGS_UNDEFINED, FLAG_FIXED, FLAG_KEPT, FLAG_UNTRIED)


def wrong(facts: Facts) -> Iterator[Finding]:
    """What is written names no flag of any provider."""
    for each in facts.flags:
        for user in each.users if each.wrong else ():
            yield FLAG_WRONG.found(user, flag=each.written, problem=each.wrong, file=facts.file)


def unseen(facts: Facts) -> Iterator[Finding]:
    """The provider tells nothing of it."""
    for each in facts.flags:
        if each.undefined:
            yield FLAGS_UNDEFINED.found(each.written, file=facts.file)
        elif each.away:
            yield FLAG_AWAY.found(each.written, problem=each.away, file=facts.file)
        elif each.refused:
            yield FLAG_REFUSED.found(each.written, problem=each.refused)
        elif each.unknown:
            yield FLAG_UNKNOWN.found(each.written, users=some(each.users), problem=each.unknown, file=facts.file)


def fixed(facts: Facts) -> Iterator[Finding]:
    """It cannot be switched, or does not stay so."""
    for each in facts.flags:
        if each.sight is not None and each.lacking:
            yield FLAG_FIXED.found(each.written, missing=some(each.lacking, 3), file=facts.file)
        if each.sight is not None and each.keeper:
            yield FLAG_KEPT.found(each.written, keeper=each.keeper)


def untried(facts: Facts) -> Iterator[Finding]:
    """Nobody knows what happens without it."""
    for each in facts.flags:
        if each.sight is not None and each.sight.on and not each.tried:
            yield FLAG_UNTRIED.found(each.written, users=some(each.users), file=facts.file)


RULES: tuple[Rule, ...] = (wrong, unseen, fixed, untried)
