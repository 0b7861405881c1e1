"""Where in Git a release came from, as far as the application's own history tells."""

from __future__ import annotations

import re

from watcher.core.gitops import CLOCKS, Application, CommitNote, GitSource

LONGEST_SYNC = 1800.0
"""Seconds after its beginning in which a release may be of a sync's making: hooks and waves take their time."""

MOST_LOOKED_AT = 5
"""Commits of the history in which the target is looked for."""

_AUTOMATION = re.compile(r"(argocd-)?image-?(updater|automation)\b.*|flux(cd)?([ -]?bot)?", re.IGNORECASE)
"""Names by which Argo CD Image Updater and Flux's image automation commit, as their documentation sets them.

A dependency bot's commit is none of these: a person has merged it.
"""


def good_revisions(
    application: Application, source: GitSource, began: float, known: tuple[str, ...]
) -> tuple[str, ...] | None:
    """Commits of this source at which the target may have run, newest first; None: not known; empty: it is unchanged.

    `known` has one for each source where that was noted when the target ran.  Else they are those from before the sync
    that brought the release, as the application's history has them.
    """
    index = application.sources.index(source)
    if len(known) == len(application.sources) and known[index]:
        return (known[index],) if known[index] != source.deployed else ()
    whole = [each for each in application.history if len(each.revisions) == len(application.sources)]
    synced = [each for each in whole if each.at <= began + CLOCKS and each.revisions[index]]
    if len(synced) < 2:
        return None
    if synced[-1].at < began - LONGEST_SYNC:
        return ()
    brought = synced[-1].revisions[index]
    earlier = (each.revisions[index] for each in reversed(synced))
    return tuple(dict.fromkeys(each for each in earlier if each != brought))[:MOST_LOOKED_AT]


def automation_of(note: CommitNote) -> str:
    """The program that made a commit, and will make it again; empty: a person, as far as can be seen."""
    return note.author if _AUTOMATION.fullmatch(note.author.strip()) else ""
