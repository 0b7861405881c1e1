"""Where in Git a release came from, as far as the application's own history tells."""

from __future__ import annotations

import re
from dataclasses import dataclass

from watcher.core.gitops import CLOCKS, Application, CommitNote, GitSource

LONGEST_SYNC = 1800.0
"""Seconds after its beginning in which a release may be of a sync's making: hooks and waves take their time."""

MOST_LOOKED_AT = 5
"""Commits of the history in which the target is looked for."""

_AUTOMATION = re.compile(r"(argocd-)?image-?(updater|automation)\b.*|flux(cd)?([ -]?bot)?", re.IGNORECASE)
"""Names by which Argo CD Image Updater and Flux's image automation commit, as their documentation sets them.

A dependency bot's commit is none of these: a person has merged it.
"""


@dataclass(frozen=True, slots=True)
class Came:
    """The commit of one source that `brought` a release, and those `before` at which the target may have run, newest
    first; none: the source stayed as it was.  `guessed`: the history of the application does not tell, so that there
    may be commits in between that were deployed long before the release."""

    brought: str
    before: tuple[str, ...] = ()
    guessed: bool = False


def came(application: Application, source: GitSource, began: float, known: tuple[str, ...]) -> Came | None:
    """How a release that `began` then (Unix seconds) came from this source; None: that is not known.

    `known` has one commit for each source where that was noted when the target was proven: what was deployed between
    then and the release is nobody's fault, so the history counts before it.
    """
    index = application.sources.index(source)
    noted = known[index] if len(known) == len(application.sources) else ""
    whole = [each for each in application.history if len(each.revisions) == len(application.sources)]
    synced = [each for each in whole if each.at <= began + CLOCKS and each.revisions[index]]
    if len(synced) < 2:
        if not noted or not source.deployed:
            return None
        return Came(source.deployed, (noted,) if noted != source.deployed else (), guessed=True)
    brought = synced[-1].revisions[index]
    if noted == brought or synced[-1].at < began - LONGEST_SYNC:  # the target ran at it; or it came another way
        return Came(brought)
    earlier = dict.fromkeys(each.revisions[index] for each in reversed(synced))
    before = tuple(each for each in earlier if each != brought)[:MOST_LOOKED_AT]
    return Came(brought, (*before, noted) if noted and noted not in before else before)


def automation_of(note: CommitNote) -> str:
    """The program that made a commit, and will make it again; empty: a person, as far as can be seen."""
    return note.author if _AUTOMATION.fullmatch(note.author.strip()) else ""
