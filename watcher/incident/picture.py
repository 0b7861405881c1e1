"""The picture of an incident as SVG: readable on a light and on a dark page, and by those who cannot see it.

Lines differ in their dashes and carry their names, so that nothing depends on colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from watcher.core.moments import moment
from watcher.incident.axes import Scale, time_ticks, value_ticks
from watcher.incident.facts import Incident
from watcher.incident.panels import Line, Mark, Panel, Point, marks, panels, span, told

WIDTH = 960
LEFT, RIGHT, TOP = 64, 150, 40
PLOT, GAP, FOOT = 220, 58, 46
MARK_ROW = 16
LONGEST = 60
"""Characters of a text in the picture."""

STYLE = """
svg{font:13px system-ui,sans-serif}text{fill:#1f2328;stroke:#fff;stroke-width:3px;paint-order:stroke}
.paper{fill:#fff}.soft{fill:#59636e}.small{font-size:12px}.title{font-weight:600}.grid{stroke:#d1d9e0}
.line{fill:none;stroke-linejoin:round;stroke-linecap:round}.new,.all{stroke:#bc4c00;stroke-width:2.5}
.old{stroke:#0969da;stroke-width:2;stroke-dasharray:7 4}.limit{stroke:#a40e26;stroke-width:1.5;stroke-dasharray:3 3}
.mark{stroke:#59636e;stroke-dasharray:2 4}.strong{stroke:#1f2328;stroke-dasharray:none}
.tnew,.tall{fill:#bc4c00;font-weight:600}.told{fill:#0969da;font-weight:600}.tlimit{fill:#a40e26}
.band{fill:#bc4c00;opacity:.09}
@media (prefers-color-scheme:dark){text{fill:#e6edf3;stroke:#0d1117}.paper{fill:#0d1117}.soft{fill:#9198a1}
.grid{stroke:#3d444d}.mark{stroke:#9198a1}.new,.all{stroke:#ffa657}.old{stroke:#79c0ff}.limit{stroke:#ff7b72}
.strong{stroke:#e6edf3}.tnew,.tall{fill:#ffa657}.told{fill:#79c0ff}.tlimit{fill:#ff7b72}
.band{fill:#ffa657;opacity:.14}}
"""


def picture(incident: Incident) -> str:
    """The SVG, or an empty string where the log holds nothing to draw."""
    shown, found = panels(incident), marks(incident)
    if not shown:
        return ""
    begin, end = span(shown, found)
    across = Scale(begin, end, LEFT, WIDTH - RIGHT)
    rows = _rows(found, across)
    head = TOP + MARK_ROW * (max(rows, default=0) + 1)
    height = head + len(shown) * (PLOT + GAP) - GAP + FOOT
    parts = [
        *_opening(incident, found, height),
        *_band(incident, across, head, height),
        *_marks(found, rows, across, height),
    ]
    for number, panel in enumerate(shown):
        parts += _panel(panel, across, head + number * (PLOT + GAP))
    parts += [*_times(begin, end, across, height), "</svg>", ""]
    return "\n".join(parts)


def describe(incident: Incident) -> str:
    """What the picture shows, in words: for those who cannot see it."""
    shown, found = panels(incident), marks(incident)
    seen = [f"{each.title}. {'; '.join(_said(line, each) for line in each.lines)}{_bounds(each)}" for each in shown]
    return ". ".join([*seen, ", ".join(f"{each.text} {moment(each.at)}" for each in found)]) + "."


def _said(line: Line, panel: Panel) -> str:
    worst = max((each.value for each in line.points), default=0.0)
    last = line.points[-1].value if line.points else 0.0
    return f"{line.name}: {told(worst, shares=panel.shares)} at worst, {told(last, shares=panel.shares)} at last"


def _bounds(panel: Panel) -> str:
    return "".join(f"; {each.name} {told(each.value, shares=panel.shares)}" for each in panel.bounds)


def _opening(incident: Incident, found: Sequence[Mark], height: int) -> Iterator[str]:
    title = f"{incident.workload}, decision {incident.id}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-labelledby="title desc">'
    )
    yield f'<title id="title">{_text(title, 200)}</title>'
    yield f'<desc id="desc">{_text(describe(incident), 2000)}</desc>'
    yield f"<style>{STYLE}</style>"
    yield f'<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>'
    yield f'<text class="title" x="16" y="24">{_text(incident.workload, 90)}</text>'
    day = datetime.fromtimestamp(found[0].at, UTC).strftime("%Y-%m-%d, UTC") if found else "UTC"
    yield f'<text class="soft" x="{WIDTH - 16}" y="24" text-anchor="end">{day}</text>'


def _band(incident: Incident, across: Scale, head: int, height: int) -> Iterator[str]:
    """The time that it was bad, as far as that is known."""
    begin, end = incident.bad_since, incident.ended_at
    if begin is None:
        return
    left, right = across(begin), across(end if end is not None else across.high)
    width = max(1.0, right - left)
    yield f'<rect class="band" x="{left}" y="{head}" width="{width:.1f}" height="{height - head - FOOT}"/>'


def _rows(found: Sequence[Mark], across: Scale) -> list[int]:
    """In which row each mark's text stands, so that none covers another."""
    rows: list[int] = []
    free: list[float] = []
    for each in found:
        begin, width = across(each.at), 7.0 * len(each.text) + 14
        row = next((index for index, until in enumerate(free) if until <= begin), len(free))
        free[row : row + 1] = [begin + width]
        rows.append(row)
    return rows


def _marks(found: Sequence[Mark], rows: Sequence[int], across: Scale, height: int) -> Iterator[str]:
    """All lines first, so that none runs through a text."""
    places = [(each, across(each.at), TOP + MARK_ROW * row + 4) for each, row in zip(found, rows, strict=True)]
    for each, x, y in places:
        strong = " strong" if each.strong else ""
        yield f'<line class="mark{strong}" x1="{x}" x2="{x}" y1="{y - 10}" y2="{height - FOOT}"/>'
    for each, x, y in places:
        yield f'<text class="small" x="{x + 4:.1f}" y="{y}">{_text(each.text)}</text>'


def _panel(panel: Panel, across: Scale, top: int) -> list[str]:
    values = [each.value for line in panel.lines for each in line.points]
    most = max([*values, *(each.value for each in panel.bounds)])
    ticks = value_ticks(min(most * 1.08, 1.0) if panel.shares else most * 1.08)
    up = Scale(0.0, ticks[-1], top + PLOT, top + 18)
    parts = [f'<text class="small title" x="{LEFT}" y="{top + 8}">{_text(panel.title, 110)}</text>']
    for tick in ticks:
        y = up(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        label = told(tick, shares=panel.shares)
        parts.append(f'<text class="soft small" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for line in panel.lines:
        parts += [
            f'<path class="line {line.kind}" d="{d}"/>' for d in _paths(line.points, across, up, steps=panel.steps)
        ]
    return [*parts, *_names(panel, up, top)]


def _names(panel: Panel, up: Scale, top: int) -> Iterator[str]:
    """Names of the lines at their ends, and of the bounds; pushed apart where they would cover each other."""
    found = [(up(line.points[-1].value), f"t{line.kind}", line.name) for line in panel.lines if line.points]
    for each in panel.bounds:
        y = up(each.value)
        yield f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        found.append((y, "tlimit", f"{each.name} {told(each.value, shares=panel.shares)}"))
    floor = top + PLOT + 4.0
    for y, kind, name in sorted(found, reverse=True):
        floor = min(y + 4, floor)
        yield f'<text class="small {kind}" x="{WIDTH - RIGHT + 8}" y="{floor:.1f}">{_text(name, 24)}</text>'
        floor -= 16


def _paths(points: Sequence[Point], across: Scale, up: Scale, *, steps: bool) -> Iterator[str]:
    """One path for each stretch without a gap: what was not seen is not drawn."""
    seen = [each for each in points if each.end >= across.low and each.start <= across.high]
    if steps:
        yield _as_steps(seen, across, up)
        return
    for stretch in _stretches(seen):
        places = [(across((each.start + each.end) / 2), up(each.value)) for each in stretch]
        if len(places) == 1:  # a dot
            places.append((places[0][0] + 0.1, places[0][1]))
        yield "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _as_steps(points: Sequence[Point], across: Scale, up: Scale) -> str:
    x, y = across(points[0].start), up(points[0].value)
    path = f"M{x:.1f},{y:.1f}"
    for each in points[1:]:
        path += f" H{across(each.start):.1f} V{up(each.value):.1f}"
    return f"{path} H{across(across.high):.1f}"


def _stretches(points: Sequence[Point]) -> Iterator[list[Point]]:
    stretch: list[Point] = []
    for each in points:
        if stretch and each.start - stretch[-1].end > 2 * max(each.end - each.start, 30.0):
            yield stretch
            stretch = []
        stretch.append(each)
    if stretch:
        yield stretch


def _times(begin: float, end: float, across: Scale, height: int) -> Iterator[str]:
    form = "%H:%M" if end - begin > 900 else "%H:%M:%S"
    for tick in time_ticks(begin, end):
        x, label = across(tick), datetime.fromtimestamp(tick, UTC).strftime(form)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{height - FOOT}" y2="{height - FOOT + 5}"/>'
        yield f'<text class="soft small" x="{x}" y="{height - FOOT + 20}" text-anchor="middle">{label}</text>'


def _text(text: str, most: int = LONGEST) -> str:
    shown = text if len(text) <= most else f"{text[: most - 1]}…"
    return escape("".join(each if each.isprintable() else " " for each in shown))
