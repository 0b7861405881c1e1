"""The report's tables: goals, good releases, bad ones, other scrape intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from benchmarks.judge.contest import OURS
from benchmarks.judge.families import BAD, NASTY, ORDINARY, RATES
from benchmarks.judge.figures import CONTENDERS, Runs
from benchmarks.judge.goals import Row, place, plain, with_interval
from benchmarks.judge.intervals import quantile
from benchmarks.judge.plan import OTHERS, USUAL, Pick

RIVALS = [title for name, title in CONTENDERS.items() if name != OURS]

GOALS_HEAD = ["goal", "", "watcher", "95 %", "runs", "", "limit", "beyond it", *RIVALS]
GOOD_HEAD = ["family", "runs", "watcher (95 % interval)", *RIVALS, "held by watcher"]
BAD_HEAD = ["family", "rate", "runs", "recall %", "median s", "90th s", "limit s", *RIVALS]
INTERVALS_HEAD = ["family", "interval", *BAD_HEAD[1:]]


def markdown(head: list[str], body: list[list[str]]) -> list[str]:
    """A table in Markdown."""
    return ["", f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(line)} |" for line in body), ""]


def terminal(lines: list[list[str]]) -> Iterator[str]:
    """A table for a terminal."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def goals(found: list[Row]) -> list[list[str]]:
    """What is asked, and what everybody reaches."""
    return [_goal(row) for row in found]


def _goal(row: Row) -> list[str]:
    unit, (own, _) = row.goal.unit, row.figures[OURS]
    rivals = [plain(row.figures[name][0].value, unit) for name in CONTENDERS if name != OURS]
    interval = f"{plain(own.low)} to {plain(own.high)}" if own.runs else "-"
    limit = [plain(row.limit, unit), plain(row.distance, unit)]
    return [row.goal.name, row.goal.asked, plain(own.value, unit), interval, str(own.runs), row.met, *limit, *rivals]


def goals_in_short(found: list[Row]) -> list[list[str]]:
    """The same without intervals, for a terminal; rivals by their short names."""
    names = [name for name in CONTENDERS if name != OURS]
    body = []
    for row in found:
        unit, goal = row.goal.unit, row.goal
        figures = [plain(row.figures[name][0].value, unit) for name in (OURS, *names)]
        body.append([goal.name, goal.asked, figures[0], row.met, plain(row.limit, unit), *figures[1:]])
    return [["goal", "", OURS, "", "limit", *names], *body]


def missed(found: list[Row]) -> Iterator[tuple[Row, str]]:
    """Goals that are missed, and by how much."""
    for row in found:
        if row.met.startswith("missed"):
            own, pick = row.figures[OURS]
            of = place(pick, row.goal)
            where = f" ({of})" if of else ""
            yield row, f"{row.goal.name}: {plain(own.value, row.goal.unit)}{where} instead of {row.goal.asked}"


def good(runs: Runs, interval: float = USUAL) -> Iterator[list[str]]:
    """Good releases by family: false rollbacks per 1000."""
    for name in (*runs.families(ORDINARY, interval), *runs.families(NASTY, interval)):
        pick = Pick(name, interval=interval)
        own = runs.false(pick, OURS).times(1000)
        rivals = [plain(1000 * runs.false(pick, each).value) for each in CONTENDERS if each != OURS]
        held = Counter(each.guard for each in runs.of(pick) if each.held is not None)
        shown = ", ".join(f"{guard} {count}" for guard, count in held.most_common(3))
        yield [name, str(own.runs), with_interval(own, ""), *rivals, shown]


def bad(runs: Runs) -> Iterator[list[str]]:
    """Bad releases by family and rate: recall and delay."""
    for name in runs.families(BAD):
        for rate in RATES:
            pick = Pick(name, (rate,))
            if runs.of(pick):
                yield [name, plain(rate), *_caught(runs, pick)]


def intervals(runs: Runs) -> Iterator[list[str]]:
    """Those families of which there are runs at all scrape intervals."""
    for name in runs.families(BAD, OTHERS[0]):
        for interval in sorted((USUAL, *OTHERS)):
            for rate in RATES:
                pick = Pick(name, (rate,), interval=interval)
                if runs.of(pick) and runs.of(Pick(name, (rate,), interval=OTHERS[0])):
                    yield [name, plain(interval, " s"), plain(rate), *_caught(runs, pick)]


def _caught(runs: Runs, pick: Pick) -> list[str]:
    recall, delays = runs.caught(pick, OURS), runs.delays(pick, OURS)
    rivals = [plain(runs.delay(pick, each).value) for each in CONTENDERS if each != OURS]
    return [
        str(recall.runs),
        with_interval(recall.times(100), ""),
        with_interval(runs.delay(pick, OURS), ""),
        plain(quantile(delays, 0.9)),
        plain(runs.limit(pick)),
        *rivals,
    ]
