"""The runbook as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from watcher.core.deciding.kept import kept_lines
from watcher.core.model import Revision
from watcher.core.moments import moment, span
from watcher.incident.escaping import code, plain, table
from watcher.runbook.commands import Command, Step
from watcher.runbook.compose import Runbook
from watcher.runbook.facts import Facts


def markdown(book: Runbook) -> str:
    """All of it."""
    parts = [_head(book), *(_step(number, each) for number, each in enumerate(book.steps, start=1))]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(book: Runbook) -> list[str]:
    facts, body = book.facts, book.body()
    lines = [
        f"# Runbook: {plain(facts.view.workload)}",
        "",
        (
            f"As the cluster was at {moment(facts.now)}; nothing was written. Numbers and names hold until the next "
            "release: "
            "make it anew before you begin. Lines that begin with `#` are not run as they stand."
        ),
        "",
        *table(
            ("revision", "image", "made", "ran", "ready", "commit"),
            [_row(each, facts) for each in facts.view.revisions],
        ),
    ]
    kept = body["kept"]
    if kept:
        lines += ["", "Kept by:", "", *(f"- {plain(each)}" for each in kept_lines(kept))]
    if facts.unseen:
        lines += ["", "**Not seen, so look at it by hand:**", "", *(f"- {plain(each)}" for each in facts.unseen)]
    return lines


def _row(revision: Revision, facts: Facts) -> tuple[str, ...]:
    ran, target = facts.ran(revision), facts.target
    mark = " **now**" if revision.number == facts.view.current else " **target**" if revision == target else ""
    return (
        f"{revision.number} {code(revision.name)}{mark}",
        ", ".join(code(each) for each in revision.images),
        moment(revision.created),
        span(ran) if ran is not None else "not known",
        str(revision.ready),
        code(revision.commit[:12]) if revision.commit else "",
    )


def _step(number: int, step: Step) -> list[str]:
    lines = [f"## {number}. {step.title}", ""]
    if step.skip:
        lines += [f"Nothing to do here: {step.skip}.", ""]
    for text in step.texts:
        lines += [text, ""]
    for command in step.commands:
        lines += [*_command(command), ""]
    return lines[:-1]


def _command(command: Command) -> Iterator[str]:
    needs = f" ({command.needs})" if command.needs and command.needs != "PromQL" else ""
    yield f"{plain(command.text)}{needs}:"
    yield ""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", command.line)), default=0))
    yield f"{fence}{'promql' if command.needs == 'PromQL' else 'sh'}"
    yield command.line
    yield fence
