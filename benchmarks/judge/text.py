"""What the report says beside its figures."""

from __future__ import annotations

INTRODUCTION = """\
Simulated releases, good and bad, as a Prometheus and a cluster would show them: counters of each pod, scraped at a
phase of their own, with restarts, gaps and outages.  The judge under test is the daemon's own core; the counting
before it is a fast path that a test holds equal to the daemon's.  All rules see the same samples.  Parameters were
chosen on the seeds 0 to 999, the report uses others."""

GOALS = """\
Scrapes are 15 s apart where nothing else is said; rates are requests a second on the new version; the worst family
counts and is named.  Intervals are exact (Clopper and Pearson for shares, order statistics for medians).  `met,
open`: the figure meets the goal, and its interval also holds values that do not.  A release that is not caught counts
as an infinite delay.

`limit` is what nobody can beat.  A fault must be scraped twice at least (one bad scrape may be a burst), a cold start
looks like a fault for a minute, and a sequential test needs so many requests on the average to refute the bound at
one false rollback in a thousand (Wald).  It does not count that bursts of up to a minute must be borne, as the clean
families ask."""

GOOD = """\
Rolled back without a fault.  The first families are ordinary, the others nasty.  `held`: releases for which a breach
was found and a guard forbade to act on it."""

BAD = """\
Delay is from the first request that the fault harmed to the decision; `never`: more than half were not caught.  The
rivals' columns are their median delays in seconds.  `caller_side` may only be proposed by watcher, as its check sees
no versions; the proposal counts there."""

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
