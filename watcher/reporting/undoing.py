"""The sections on what was, or would have been, undone: evidence, people, times, guards, and how much may be wrong."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.sentence import percent, seconds
from watcher.reporting.report import Answer, Guard, Miss, Missed, Report, Rollback, Spread
from watcher.reporting.wording import Row, Section, count, moment, more, table


def rollbacks(report: Report) -> Iterator[Section]:
    """What would have been undone; and what was, where anything was."""
    for heading, done in (("Would have been undone", False), ("Undone", True)):
        found = [each for each in report.rollbacks if each.done is done]
        if not found:
            if not done:
                yield Section(heading, ("None.",))
            continue
        columns = ("decision", "decided", "release", "way back", "evidence", "people then", "label")
        yield Section(heading, (), table(columns, found, _rollback), more(found))


def _rollback(each: Rollback) -> Row:
    outcome = f", {each.outcome}" if each.outcome else ""
    label = f"{each.label} ({each.author}{f': {each.note}' if each.note else ''})" if each.label else "not yet"
    return (
        each.decision,
        moment(each.at),
        f"{each.workload} {each.image}",
        f"{each.rung} to {each.target}{outcome}",
        each.evidence,
        _answer(each),
        label,
    )


def _answer(each: Rollback) -> str:
    after = f", {seconds(each.answer_after_s)} later" if each.answer_after_s is not None else ""
    said = {
        Answer.WENT_BACK: f"went back to {each.answer_image}",
        Answer.ABORTED: "aborted the Rollout",
        Answer.WENT_FORWARD: f"released {each.answer_image}",
        Answer.BROUGHT_BACK: f"brought {each.answer_image} back",
        Answer.DELETED: "deleted the workload",
        Answer.NOTHING: "nothing for a day",
        Answer.NOT_YET: "nothing so far",
    }
    return f"{said[each.answer]}{after}"


def misses(report: Report) -> Section:
    """What people took back and watcher would have left."""
    if not report.misses:
        return Section("Missed", ("People went back from no release that watcher would have left in place.",))
    found = table(("release", "watcher", "why", "people went back"), report.misses, _miss)
    return Section("Missed", (), found, more(report.misses))


def _miss(each: Miss) -> Row:
    said = {
        Missed.PASSED: "had called it good",
        Missed.UNDECIDED: "had come to no verdict",
        Missed.HELD: "had found it bad, and a guard held",
        Missed.FASTER: "was not done yet",
    }
    return (
        f"{each.workload} {each.image}",
        said[each.missed],
        each.why or "-",
        f"{seconds(each.after_s)} after it began",
    )


def durations(report: Report) -> Section:
    """Lead over people, time to decision and to recovery."""
    rows = (
        ("decision before people acted", report.lead),
        ("first bad requests to decision", report.to_decision),
        ("first bad requests to proven recovery", report.to_restore),
    )
    found = table(("from ... to", "cases", "shortest", "median", "longest"), rows, lambda row: _spread(*row))
    faster = sum(each.missed is Missed.FASTER for each in report.misses)
    text = (f"In {count(faster, 'case')} people were faster: they went back before there was a verdict.",)
    return Section("How fast", text if faster else (), found)


def _spread(name: str, spread: Spread) -> Row:
    ends = (spread.shortest_s, spread.median_s, spread.longest_s)
    return (name, str(spread.count), *("-" if each is None else seconds(each) for each in ends))


def bound(report: Report) -> Section:
    """How many rollbacks are wrong, and may be."""
    how = (
        "The bound is exact (Clopper-Pearson, one-sided): were the true share larger, so few wrong ones among so many "
        "would be seen less than once in twenty times. It speaks of rollbacks that people have looked at."
    )
    known = report.bound.at_most is not None
    return Section("How many may be wrong", (wrong(report), how) if known else (wrong(report),))


def wrong(report: Report) -> str:
    """The bound in a sentence."""
    found = report.bound
    waiting = f" Not labelled yet, and counted as neither: {found.unlabelled}." if found.unlabelled else ""
    if found.at_most is None:
        nobody = "Nobody has labelled a rollback yet, so nothing is known of how many are wrong."
        return nobody if report.rollbacks else "There is no rollback to label yet."
    return (
        f"{found.wrong} of {found.right + found.wrong} labelled rollbacks wrong: at most {percent(found.at_most)} are, "
        f"with {percent(found.confidence)} confidence.{waiting}"
    )


def guards(report: Report) -> Section:
    """Why nothing was done although a release was found bad."""
    if not report.guards:
        return Section("Guards that held", ("None.",))
    columns = ("guard", "releases", "people went back", "for example")
    return Section("Guards that held", (), table(columns, report.guards, _guard), more(report.guards))


def _guard(each: Guard) -> Row:
    return (each.guard, str(each.held), str(each.people_went_back), each.example)
