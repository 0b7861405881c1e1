"""What people read when they are told: a title that fits a pager, and the facts in the order in which they are asked.

One pure function of the documents of `report.py`; plain text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from watcher.core.model import Workload
from watcher.core.moments import moment
from watcher.core.sentence import seconds
from watcher.core.stages import ENDS, TOLD, note_command
from watcher.core.telling.facts import Document, facts
from watcher.core.words import Stage

LONGEST_TITLE = 110
"""Characters: an SMS or a lock screen shows about as many."""

LONGEST_TEXT = 3000
"""Characters; beyond that services cut, or split into several messages."""

UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Around:
    """What a message tells beside the documents.

    `now` in Unix seconds; ages of the data in seconds, None where not known.  `others` are workloads that are suspected
    at the same time, `link` the address under which people reach the daemon.
    """

    now: float
    cluster: str = ""
    link: str = ""
    others: tuple[str, ...] = ()
    view_age: float | None = None
    metrics_age: float | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent."""

    title: str
    text: str


def about_release(stage: Stage, said: str, release: Document, decision: Document | None, around: Around) -> Message:
    """A message on one release: `said` is what the stage came to in a sentence."""
    found = _of_release(stage, said, release) if decision is None else _of_decision(decision, said, around)
    lines = [*found, _data(around), *_note(stage, decision), _more(decision, release, around)]
    return Message(_title(stage, release, decision, around), _bounded("\n".join(lines), LONGEST_TEXT))


def about_daemon(stage: Stage, what: str, said: str, must: str, around: Around) -> Message:
    """A message on the daemon itself: `what` is concerned, `said` what is wrong, `must` what a person has to do."""
    told = TOLD[stage].title
    lines = [f"Over? No, since {moment(around.now)}", f"You must: {must}", "Acting? as before", f"Evidence: {said}"]
    title = _bounded(f"{told} {what}".strip(), LONGEST_TITLE - len(_cluster(around)))
    return Message(title + _cluster(around), _bounded("\n".join(lines), LONGEST_TEXT))


def summed_up(titles: tuple[str, ...], around: Around) -> Message:
    """One message in the place of many that a rate limit held back."""
    lines = [f"- {title}" for title in titles]
    text = _bounded("\n".join(["More was to be told than the channel's rate allows:", *lines]), LONGEST_TEXT)
    return Message(f"{len(titles)} more messages{_cluster(around)}", f"{text}\nAll of it: watcher decisions list")


def _title(stage: Stage, release: Document, decision: Document | None, around: Around) -> str:
    workload = Workload.parse(str(release["workload"]))
    mark = "?" if stage is Stage.PROPOSED else ""
    guard = (decision or {}).get("guard")
    why = f": {guard['id']}" if stage is Stage.HELD and guard else ""
    text = f"{TOLD[stage].title} {workload.namespace}/{workload.name}{mark}{why}"
    return _bounded(text, LONGEST_TITLE - len(_cluster(around))) + _cluster(around)


def _cluster(around: Around) -> str:
    return f" ({_bounded(around.cluster, 40)})" if around.cluster else ""


def _of_decision(decision: Document, said: str, around: Around) -> Iterator[str]:
    for name, text in facts(decision, around.now, around.others):
        if name == "Evidence" and said != decision.get("reason"):
            yield f"Now: {said}"
        mark = "" if name.endswith("?") else ":"
        yield f"{name}{mark} " + text.replace("\n", "\n  ")


def _of_release(stage: Stage, said: str, release: Document) -> Iterator[str]:
    """There is no decision: nothing is wrong, or not yet."""
    back = stage is Stage.BAD_VERSION_BACK
    yield "Over? No: it is under watch" if back else "Over? Yes: there is nothing to do"
    yield "You must: find out who applied it again" if back else "You must: do nothing"
    yield "Acting? no"
    yield f"Evidence: {said}"
    yield f"Changed: {release['workload']}, revision {release['revision']}, {', '.join(release['images'])}"


def _data(around: Around) -> str:
    view = UNKNOWN if around.view_age is None else seconds(around.view_age)
    metrics = UNKNOWN if around.metrics_age is None else seconds(around.metrics_age)
    return f"Age of the data: cluster {view}, metrics {metrics}"


def _more(decision: Document | None, release: Document, around: Around) -> str:
    if around.link:
        path = f"decisions/{decision['id']}" if decision is not None else f"why/{release['workload']}"
        return f"More: {around.link}/api/v1/{path}"
    command = f"decisions show {decision['id']}" if decision is not None else f"why {release['workload']}"
    return f"More: watcher {command}"


def _note(stage: Stage, decision: Document | None) -> Iterator[str]:
    if stage in ENDS and decision is not None:
        yield f"Note: {note_command(str(decision['id']))}"


def _bounded(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
