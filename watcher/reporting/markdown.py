"""The page in Markdown, to keep or to send."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.reporting.page import sections, title
from watcher.reporting.report import Report
from watcher.reporting.wording import Row, Section

_ESCAPED = str.maketrans({"|": r"\|", "<": "&lt;", "\n": " ", "`": "'"})


def markdown(report: Report) -> str:
    """The whole page; what comes from the cluster is text in it, never markup."""
    parts = [f"# {title(report)}", *(text for each in sections(report) for text in _section(each))]
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    yield from section.text
    if section.table:
        head, *rows = section.table
        yield "\n".join([_line(head), _line(tuple("---" for _ in head)), *map(_line, rows)])
    yield from section.after
    if section.code:
        yield f"```yaml\n{section.code.rstrip()}\n```"


def _line(cells: Row) -> str:
    return f"| {' | '.join(cell.translate(_ESCAPED) for cell in cells)} |"
