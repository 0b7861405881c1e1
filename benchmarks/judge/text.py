"""What the report says beside its figures."""

from __future__ import annotations

from benchmarks.judge.speed import LEAST_SAMPLES, MOST_MICROSECONDS, Speed

INTRODUCTION = """\
Simulated releases, good and bad, as a Prometheus and a cluster would show them, judged by watcher and by the rules that
others use, on the same samples.  What the words mean, what is simulated and what is not: [the
benchmark](../benchmark.md)."""

GOALS = """\
Scrapes are 15 s apart where nothing else is said; rates are requests a second on the new version.  Where a row is about
several families or rates, each is counted by itself and the worst is shown.  95 % intervals are exact (Clopper and
Pearson for shares, order statistics for medians).  `open`: the interval also holds values of which the opposite would
be true.  A release that is not caught counts as an infinite delay.

`limit` is what nobody can beat, `beyond it` how far watcher is from there.  A fault must be scraped twice at least (one
bad scrape may be a burst), a fault of up to 30 % looks like a cold start for a minute, and a sequential test needs so
many requests on the average to refute the bound at one false rollback in a thousand (Wald).  It does not count that
bursts of up to a minute must be borne, as the clean families ask.

Where Flagger, Argo and the alerts look good at a bad release, look at the good ones below too: what fails the broken
baseline fails its clean twin, `broken_before`, as well."""

GOOD = """\
Rolled back without a fault, 1000 is all of them.  The first nine families are ordinary, the others nasty.  `held`:
releases for which a breach was found and a guard forbade to act on it."""

BAD = """\
Delay is from the moment at which the fault begins to the decision, so also the time until a first request meets it
(on the average 10 s for +5 % at 2/s); `never`: more than half were not caught.  The rivals' columns are their median
delays in seconds; what they rolled back before the fault began is not caught.  `caller_side` may only be proposed by
watcher, as its check sees no versions; the proposal counts there."""

INTERVALS = """\
The rivals' windows of a minute become four scrapes where that is longer, since `rate()` needs two samples."""

RIVALS = """\
- **Flagger**: success rate at least 99 % and duration, over a minute and each minute; the fifth failed check of the
  analysis is followed by the rollback one tick later.  Checks add up, no data counts as failed.  Its duration is
  taken at the 95th percentile, not at its built-in 99th: the simulated service has 1 % slow requests, so that the
  99th would fail every other check of each good release.
- **Argo template**: Argo Rollouts with the template of its documentation (success rate by `irate` over 5 m, each 5 m,
  at least 95 %, the fourth failed measurement fails; five errors in a row, ten seconds apart, abort too).  It begins
  one minute after the new version serves.  It has no latency.
- **alert**: more than 1 % errors, or more than 5 % slow requests, of the whole service for 5 minutes, evaluated each
  30 s. What fired before the release is not counted.
- **burn rate**: 14.4 times the budget of 99.9 %, over an hour and over 5 minutes, of the whole service.
- **Kayenta**: Mann-Whitney on one-minute points, tolerance 0.25, confidence 0.98, judged each 10 minutes on all
  points so far; against the old version at the same time in a canary, else against as many minutes before the
  release.

The first, second and last look at the new version's pods only, the alerts at all of the service."""


def speed(found: Speed) -> str:
    """How fast it is."""
    slowest = max(each.microseconds for each in found.judging)
    return f"""\
Folding what a poll brings and reading the findings took at most {slowest:.0f} µs a lane and poll on the average (goal:
{MOST_MICROSECONDS:g}), in pure Python; one check, all pods serving beside each other.  The first poll brings half an
hour of history, all lanes together.  A recording's OpenMetrics is read at {found.samples:,.0f} samples a second (goal:
{LEAST_SAMPLES:,.0f}).  Measured on {found.machine}."""
