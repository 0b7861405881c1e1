"""The report as a page: sections of sentences and tables, the same for a terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.sentence import percent, seconds
from watcher.ports import API_SERVER
from watcher.reporting import readiness, rehearsing, undoing
from watcher.reporting.report import Blindness, Gap, Missed, Report
from watcher.reporting.wording import MOST, Row, Section, count, minutes, moment, more, table


def title(report: Report) -> str:
    """The heading of the page."""
    of = f", namespace {report.namespace}" if report.namespace else ""
    return f"watcher report: {moment(report.since)} to {moment(report.until)}{of}"


def sections(report: Report) -> tuple[Section, ...]:
    """All of them; those on releases are left out where there was none."""
    of_releases: tuple[Section, ...] = ()
    if report.releases.seen:
        of_releases = (
            _releases(report),
            *undoing.rollbacks(report),
            undoing.misses(report),
            undoing.durations(report),
            undoing.bound(report),
            undoing.guards(report),
            _quiet(report),
        )
    short = Section("In short", tuple(_sentences(report)))
    seen = (_coverage(report), _blindness(report), rehearsing.section(report))
    return (short, *seen, *of_releases, *_services(report))


def _sentences(report: Report) -> Iterator[str]:
    releases, undone = report.releases, [each for each in report.rollbacks if each.done]
    if report.recorded_from is None:
        yield "The decision log is empty. Start `watcher run`, let some releases go by, and come back."
    elif report.recorded_from > report.since:
        yield f"The log begins at {moment(report.recorded_from)}: of the time before, nothing is known."
    if not releases.seen:
        if report.recorded_from is not None:
            yield (
                "No release of what is watched began in this time. Ask for a longer one with --since; `watcher why "
                "WORKLOAD` tells whether a workload is watched at all."
            )
        return
    yield f"{count(releases.seen, 'release')} seen, {releases.judged} judged, {releases.under_watch} under watch."
    would = len(report.rollbacks) - len(undone)
    yield f"{count(would, 'release')} would have been undone, {len(undone)} {_was(len(undone))} undone."
    yield undoing.wrong(report)
    if report.lead.count:
        yield (
            f"Before people did something, the decision stood for {seconds(report.lead.median_s or 0)} in the median "
            f"({count(report.lead.count, 'case')})."
        )
    missed = sum(each.missed is Missed.PASSED for each in report.misses)
    yield f"People went back from {count(missed, 'release')} that had passed."
    yield f"{count(len(report.ready), 'service')} ready to act, {len(report.not_ready)} not yet."


def _coverage(report: Report) -> Section:
    found = report.coverage
    if not found.matched + found.unmatched:
        return Section("Coverage", ("Nothing is recorded yet. The daemon looks every five minutes.",))
    counts = (
        f"{count(found.matched, 'workload')} matched by the thresholds file, {found.unmatched} not matched. Of those "
        f"matched: {found.watchable} watchable, {found.quiet} with too little traffic, {found.blind} blind, "
        f"{found.unknown} without a release so far, {found.excluded} on the never list."
    )
    gaps = table(("workloads", "what", "why", "which"), found.gaps, _gap)
    return Section("Coverage", (counts,), gaps, more(found.gaps))


def _gap(gap: Gap) -> Row:
    others = f" and {gap.count - len(gap.workloads)} more" if gap.count > len(gap.workloads) else ""
    return (str(gap.count), gap.sight, gap.why, ", ".join(gap.workloads) + others)


def _releases(report: Report) -> Section:
    counted = report.releases
    text = f"{count(counted.seen, 'release')}, {counted.restarts} of them only restarts; {counted.under_watch} open."
    found = sorted(counted.verdicts.items(), key=lambda each: (-each[1], each[0]))
    named = {"none": "none (superseded, aborted or deleted before there was one)"}
    rows = table(("verdict", "releases"), found, lambda row: (named.get(row[0], row[0]), str(row[1])))
    return Section("Releases", (text,), rows)


def _blindness(report: Report) -> Section:
    if not report.blindness:
        return Section("Blind time", ("Nothing is recorded yet.",))
    why = "A source is asked while releases are under watch; the API server for as long as the daemon runs."
    return Section("Blind time", (why,), table(("source", "asked", "blind", "worst day"), report.blindness, _blind))


def _blind(row: Blindness) -> Row:
    name = "the API server of the cluster" if row.source == API_SERVER else row.source
    day, worst = max(row.days, key=lambda each: each[1], default=("", 0.0))
    return (name, minutes(row.asked_s), minutes(row.blind_s), f"{day}: {minutes(worst)}" if day else "-")


def _quiet(report: Report) -> Section:
    if not report.quiet:
        return Section("Without enough traffic", ("Every watch that was not cut short came to a verdict.",))
    rows = table(
        ("workload", "undecided", "of watches", "the newest said"),
        report.quiet,
        lambda row: (row.workload, str(row.undecided), str(row.watched), row.why),
    )
    return Section("Without enough traffic", (), rows, more(report.quiet))


def _services(report: Report) -> Iterator[Section]:
    asked = (
        f"Asked of a service: {readiness.JUDGED} releases judged, a verdict in {percent(readiness.DECIDED)} of the "
        "watches, every would-be rollback labelled and none wrong, no release that passed and was taken back by "
        "people, watchable now, and a way back that may be taken without asking."
    )
    if report.ready:
        do = "Put these at the end of `services` in the thresholds file, one service first:"
        yield Section("Ready to act", (asked, do), code=report.yaml)
    else:
        yield Section("Ready to act", (asked, "None yet."))
    if report.acting:
        yield Section("Acting already", (", ".join(report.acting[:MOST]),), after=more(report.acting))
    if report.not_ready:
        rows = table(("workload", "missing"), report.not_ready, lambda row: (row.workload, "; ".join(row.missing)))
        yield Section("Not ready yet", (), rows, more(report.not_ready))


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
