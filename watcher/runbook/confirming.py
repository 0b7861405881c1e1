"""The first steps: keep others off, and make sure which release is the cause."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.model import Revision
from watcher.core.moments import moment, span
from watcher.incident.escaping import code, plain
from watcher.runbook.commands import Command, Step
from watcher.runbook.facts import SHORT, Facts
from watcher.runbook.queries import queries


def taking_over(facts: Facts) -> Step:
    """Two who go back at once are one too many."""
    hold = f"{facts.kind}/{facts.name}", "--overwrite", "watcher.dev/hold=a person goes back by hand"
    texts = ["A hold keeps watcher from writing while you do. It is taken away in the last step."]
    if facts.view.hold:
        texts.append(f"It is held already: {plain(facts.view.hold)}")
    if facts.view.decision:
        texts.append(
            f"watcher has acted on it: decision {facts.view.decision}. See what it did before you begin, "
            f"`watcher decisions show {facts.view.decision}`."
        )
    return Step(
        "take_over",
        "Take it over",
        tuple(texts),
        (Command("Hold it", facts.call("annotate", *hold)),),
    )


def confirming(facts: Facts) -> Step:
    """Which release is the cause, and which revision is good."""
    return Step(
        "confirm",
        "Confirm which release is the cause",
        tuple(_texts(facts)),
        (*_looks(facts), *queries(facts)),
    )


def _texts(facts: Facts) -> Iterator[str]:
    newest = facts.view.newest()
    if newest is None:
        yield "The controller has not made a revision of the newest template yet: look again in some seconds."
        return
    if facts.left is not None:
        yield (
            f"Revision {newest.number} ({_images(newest)}) is an earlier template that **has come back already**: "
            f"before it ran revision {facts.left.number} ({_images(facts.left)}), and no command below leads there. If "
            "the fault goes on, the version may not be its cause: look for data, configuration, load, what both need."
        )
        yield from _target(facts)
        return
    yield (
        f"Revision {newest.number} ({_images(newest)}) runs since {moment(newest.created)}, "
        f"{span(facts.now - newest.created)} ago. It is the cause only if the fault began then, or after it got "
        "traffic, "
        "and pods of other revisions do not show it."
    )
    yield from _target(facts)


def _target(facts: Facts) -> Iterator[str]:
    target = facts.target
    if target is None and facts.left is not None:
        yield "No revision but these two is kept: there is nothing else to go back to in the cluster."
        return
    if target is None:
        yield "No other revision is kept: there is nothing to go back to in the cluster. Go back in Git, or forward."
        return
    ran = facts.ran(target)
    how_long = f", which ran for {span(ran)}" if ran is not None and target.number != facts.view.current else ""
    if facts.view.rollout is not None and facts.view.rollout.in_progress:
        yield f"The commands below lead to the stable revision {target.number} ({_images(target)}){how_long}."
        return
    yield (
        f"The commands below lead to revision {target.number} ({_images(target)}){how_long}. "
        "**The previous revision is not always the good one**: after an undo the numbers change, and a hotfix may have "
        "lasted for minutes. Choose the newest that ran for long without complaints, and put its number into the "
        "commands."
    )
    between = [each for each in facts.view.revisions if target.number < each.number < facts.view.current]
    skipped = [each for each in between if each != facts.left]
    if skipped:
        names = ", ".join(_named(each, facts) for each in skipped)
        yield f"Passed over, because they ran for less than {span(SHORT)}: {names}."
    elif ran is not None and ran < SHORT:
        yield f"It ran for less than {span(SHORT)} only: nothing shows that it is good."


def _images(revision: Revision) -> str:
    return ", ".join(map(code, revision.images))


def _named(revision: Revision, facts: Facts) -> str:
    ran = facts.ran(revision)
    return f"{revision.number} ({span(ran)})" if ran is not None else str(revision.number)


def _looks(facts: Facts) -> Iterator[Command]:
    history = facts.call("rollout", "history", f"{facts.kind}/{facts.name}")
    if facts.kind == "rollout":
        plugin = facts.call("argo", "rollouts", "get", "rollout", facts.name)
        yield Command("How it stands", plugin, reads=True, needs="the plugin of Argo Rollouts")
        history = facts.call("get", "replicasets", *_selected(facts), "--sort-by=.metadata.creationTimestamp")
    yield Command("Its revisions", history, reads=True)
    yield Command("Its pods", facts.call("get", "pods", "--output=wide", *_selected(facts)), reads=True)
    events = facts.call(
        "get", "events", f"--field-selector=involvedObject.name={facts.name}", "--sort-by=.lastTimestamp"
    )
    yield Command("What happened to it", events, reads=True)
    newest = facts.view.newest()
    bad = [each for each in facts.view.pods if newest is not None and each.revision == newest.name]
    if bad:
        log = facts.call("logs", bad[0].name, "--all-containers", "--since=15m", "--tail=200")
        yield Command("What a new pod says", log, reads=True)


def _selected(facts: Facts) -> tuple[str, ...]:
    return (f"--selector={facts.details.selector}",) if facts.details.selector else ()
