"""Who else decides about releases, and how well?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from watcher.doctor.facts import AnalysisMetric, Facts
from watcher.doctor.finding import Finding, Kind, Severity, some
from watcher.doctor.rules import Rule

OTHER_TOOL = Kind(
    "other-tool-decides",
    Severity.WARNING,
    what="$subject is also judged by $tool",
    why="Two controllers that go back at the same time get into each other's way; while the other one is deciding, the"
    " guard `other_controller` or `superseded` may hold, or its rollback looks like a release.",
    mend="let one of them act: set rungs {abort: propose} or mode: propose for it here, or switch the other's"
    " rollback off",
)
ANALYSIS_DECIDES_TOO = Kind(
    "analysis-decides-too",
    Severity.INFO,
    what="$subject has an analysis of its own: Argo Rollouts aborts it by itself when that fails",
    why="Both judge the same canary. While an AnalysisRun has failed, the guard `other_controller` holds here; a"
    " running"
    " one is not waited for.",
    mend="nothing, where both are wanted: look at its AnalysisRuns too when you ask why something was aborted",
)
HELM = Kind(
    "helm-may-roll-back",
    Severity.INFO,
    what="$count watched $workloads $belong to Helm releases: $releases",
    why="helm upgrade with --atomic (Helm 4: --rollback-on-failure) goes back by itself when pods do not become"
    " Ready in"
    " time, and the next helm upgrade brings a version back that was undone here.",
    mend="know which pipelines use --atomic; after an undo here, roll the Helm release back too: helm rollback RELEASE",
)
ANALYSIS_JUDGES_NOTHING = Kind(
    "analysis-judges-nothing",
    Severity.WARNING,
    what="metric $metric of $subject has neither successCondition nor failureCondition",
    why="Argo Rollouts counts every measurement of it as successful, so a bad canary is promoted.",
    mend="add successCondition to the metric, as in: len(result) > 0 && result[0] >= 0.95",
)
ANALYSIS_MEASURES_ONCE = Kind(
    "analysis-measures-once",
    Severity.WARNING,
    what="metric $metric of $subject runs in the background and has no interval: it is measured once",
    why="A fault that begins, or is first counted, after that one measurement is never seen by it.",
    mend="add interval and count to the metric, as in: {interval: 1m, count: 5}",
)
ANALYSIS_NEVER_ENDS = Kind(
    "analysis-never-ends",
    Severity.WARNING,
    what="metric $metric of $subject is used in a step, and has an interval and no count",
    why="It is measured for ever, so the step never ends by itself: the canary stands until a person promotes it.",
    mend="add count to the metric, as in: {interval: 1m, count: 5}",
)
ANALYSIS_FAILS_ON_NO_DATA = Kind(
    "analysis-fails-on-no-data",
    Severity.WARNING,
    what="metric $metric of $subject reads result[0] without asking whether there is one",
    why="Where Prometheus has no data or is away, Argo Rollouts aborts a good release after some 40 seconds of errors;"
    " watcher holds still then, and the two disagree.",
    mend="ask first: len(result) == 0 || $condition",
)
KINDS = (
    OTHER_TOOL,
    ANALYSIS_DECIDES_TOO,
    HELM,
    ANALYSIS_JUDGES_NOTHING,
    ANALYSIS_MEASURES_ONCE,
    ANALYSIS_NEVER_ENDS,
    ANALYSIS_FAILS_ON_NO_DATA,
)

_GUARDED = re.compile(r"\blen\s*\(\s*result\s*\)|\bisNil\s*\(|\bdefault\s*\(\s*result")


def other_tools(facts: Facts) -> Iterator[Finding]:
    """Flagger, Keptn, Spinnaker, an analysis of Argo Rollouts."""
    for each in facts.cluster.workloads:
        for tool in each.others:
            yield OTHER_TOOL.found(each.workload, tool=tool)
        if each.analysed:
            yield ANALYSIS_DECIDES_TOO.found(each.workload)


def helm(facts: Facts) -> Iterator[Finding]:
    """Workloads of Helm releases, told once."""
    owned = [each.helm for each in facts.cluster.workloads if each.helm]
    if owned:
        one = len(owned) == 1
        words = {"workloads": "workload" if one else "workloads", "belong": "belongs" if one else "belong"}
        yield HELM.found("cluster", count=len(owned), releases=some(owned), **words)


def analyses(facts: Facts) -> Iterator[Finding]:
    """AnalysisTemplates that let everything pass, look once, or fail for want of data."""
    for each in facts.cluster.analyses:
        if not each.success and not each.failure:
            yield ANALYSIS_JUDGES_NOTHING.found(each.template, metric=each.name)
            continue
        if each.background and not each.interval:
            yield ANALYSIS_MEASURES_ONCE.found(each.template, metric=each.name)
        if not each.background and each.interval and not each.count:
            yield ANALYSIS_NEVER_ENDS.found(each.template, metric=each.name)
        condition = _unguarded(each)
        if condition:
            yield ANALYSIS_FAILS_ON_NO_DATA.found(each.template, metric=each.name, condition=condition)


def _unguarded(each: AnalysisMetric) -> str:
    """The first condition that an empty result makes an error."""
    conditions = (text for text in (each.success, each.failure) if "result[" in text)
    return next((text for text in conditions if not _GUARDED.search(text)), "")


RULES: tuple[Rule, ...] = (other_tools, helm, analyses)
