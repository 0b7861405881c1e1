"""The report's pictures."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from benchmarks.judge.contest import OURS
from benchmarks.judge.families import NASTY
from benchmarks.judge.figures import CONTENDERS, FAST, Runs
from benchmarks.judge.plan import OTHERS, USUAL, Pick

SIZES = (1, 2, 5, 20, 60, 100)
NEVER = 2400.0
"""Seconds at which a median is drawn that is none: more than half were not caught."""


def draw(runs: Runs, directory: Path) -> list[tuple[str, str]]:
    """Write all pictures; file names and captions."""
    mpl.use("Agg")
    made = [
        ("false-against-delay.png", "False rollbacks against delay", _false_against_delay),
        ("by-fault-size.png", "Delay and bad requests served by fault size, at 50/s with warm pods", _by_size),
        ("by-interval.png", "Delay by scrape interval, at 50/s with warm pods", _by_interval),
    ]
    for file, _, picture in made:
        picture(runs, directory / file)
    return [(file, caption) for file, caption, _ in made]


def _style(contender: str) -> dict[str, object]:
    ours = contender == OURS
    places = list(CONTENDERS)
    return {
        "color": "black" if ours else f"C{places.index(contender) - 1}",
        "marker": "*" if ours else "osD^v"[places.index(contender) - 1],
        "markersize": 12 if ours else 6,
        "label": CONTENDERS[contender],
    }


def _false_against_delay(runs: Runs, file: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True, layout="constrained")
    first, *others = runs.families(NASTY) or [""]
    nasty = Pick(first, beside=tuple(others))
    for axis, size in zip(axes, (20, 5), strict=True):
        for name in CONTENDERS:
            false = runs.false(nasty, name).times(1000)
            delay = _shown(runs.delay(Pick(f"step_{size}_warm", FAST), name).value)
            above, below = false.high - false.value, false.value - false.low
            style = _style(name)
            axis.errorbar([delay], [false.value], yerr=[[below], [above]], linestyle="none", capsize=3, **style)
        axis.set(xscale="log", title=f"+{size} % with warm pods, ≥ 50/s")
        _seconds(axis, "x")
    axes[0].set_yscale("symlog", linthresh=1.0)
    axes[0].set_ylim(-0.1, 1500)
    axes[0].set_ylabel("false rollbacks per 1000 releases, nasty clean families")
    axes[1].legend(fontsize=8, loc="lower right")
    figure.savefig(file, dpi=120)
    plt.close(figure)


def _by_size(runs: Runs, file: Path) -> None:
    figure, (delays, requests) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for name in CONTENDERS:
        picks = [Pick(f"step_{size}_warm", (50.0,)) for size in SIZES]
        delays.plot(SIZES, [_shown(runs.delay(pick, name).value) for pick in picks], **_style(name))
        requests.plot(SIZES, [runs.served(pick, name).value for pick in picks], **_style(name))
    limits = [runs.limit(Pick(f"step_{size}_warm", (50.0,))) for size in SIZES]
    delays.plot(SIZES, limits, color="grey", linestyle=":", label="nobody could be sure before")
    for axis in (delays, requests):
        axis.set(xscale="log", yscale="log", xlabel="requests that fail, %", xticks=SIZES)
        axis.set_xticklabels([str(size) for size in SIZES])
        axis.minorticks_off()
    _seconds(delays, "y")
    requests.set_ylim(1, 1e5)
    requests.set_ylabel("bad requests served until the decision, median")
    requests.legend(*delays.get_legend_handles_labels(), fontsize=8, loc="lower right")
    figure.savefig(file, dpi=120)
    plt.close(figure)


def _by_interval(runs: Runs, file: Path) -> None:
    intervals = sorted((USUAL, *OTHERS))
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), sharey=True, layout="constrained")
    for axis, size in zip(axes, (5, 20, 60), strict=True):
        picks = [Pick(f"step_{size}_warm", (50.0,), interval=each) for each in intervals]
        for name in CONTENDERS:
            axis.plot(intervals, [_shown(runs.delay(pick, name).value) for pick in picks], **_style(name))
        axis.plot(intervals, [runs.limit(pick) for pick in picks], color="grey", linestyle=":", label="limit")
        axis.set(yscale="log", xlabel="seconds between scrapes", xticks=intervals, title=f"+{size} %")
    _seconds(axes[0], "y")
    axes[0].legend(fontsize=8)
    figure.savefig(file, dpi=120)
    plt.close(figure)


def _shown(delay: float) -> float:
    return NEVER if math.isinf(delay) else delay


def _seconds(axis: Axes, along: str) -> None:
    ticks = [15, 30, 60, 120, 300, 600, 1200, NEVER]
    words = [*(f"{each:.0f}" for each in ticks[:-1]), "never"]
    axis.set(**{f"{along}ticks": ticks, f"{along}ticklabels": words, f"{along}lim": (10, 3000)})
    axis.set(**{f"{along}label": "median delay, seconds"})
    axis.minorticks_off()
