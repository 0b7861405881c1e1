"""A version that was taken back and comes again: an alarm always, and where the user allows it one way back untried."""

from __future__ import annotations

from watcher.core.deciding import ledger, managed
from watcher.core.sentence import seconds
from watcher.core.state import Finding
from watcher.core.turn import Turn
from watcher.core.words import Verdict

CHECK = "quarantine"
"""Name of what is found, beside the names of checks."""


def brought_back(turn: Turn) -> tuple[Finding, ...]:
    """Why this release need not be tried: an automation brought back what was proven bad, for the first time.

    A person who brings it back may know better, so that one is watched like any other.
    """
    release = turn.watch.release
    bad = ledger.comes_back(turn.state, release)
    prospect = managed.prospect(release, turn.observation)
    if not turn.policy.repeat or bad is None or bad.again or prospect is None or not prospect.automation:
        return ()
    ago = seconds(turn.now - bad.since)
    sentence = f"{prospect.automation} has brought back revision {bad.revision}, {bad.reason} {ago} ago"
    return (Finding(check=CHECK, verdict=Verdict.BREACH, sentence=sentence, since=release.began, compared=True),)
