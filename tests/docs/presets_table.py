"""The tables of docs/presets.md, made of the preset files: `python -m tests.docs.presets_table` writes them anew."""

from __future__ import annotations

from collections.abc import Iterator

from tests.docs.pages import ROOT
from watcher.config.explaining import written_form
from watcher.config.presets import Preset, presets

PAGE = ROOT / "docs" / "presets.md"
BEGIN, END = "<!-- presets: begin -->", "<!-- presets: end -->"


def table() -> str:
    """One row a preset, then a section each."""
    rows = [f"| [`{name}`](#{name}) | {each.title} | {_sees(each)} |" for name, each in presets().items()]
    head = ["| preset | whose metrics | tells versions apart |", "|---|---|---|"]
    return "\n".join([*head, *rows, *(line for item in presets().items() for line in _section(*item))]) + "\n"


def _sees(preset: Preset) -> str:
    return "yes" if preset.identify.by in ("pod", "version") else "no"


def _section(name: str, preset: Preset) -> Iterator[str]:
    yield from ("", f"### {name}", "", f"{preset.title}.", "")
    yield from ("| | |", "|---|---|")
    errors, latency = preset.part(latency=False), preset.part(latency=True)
    yield f"| requests | `{errors.total}` |"
    yield f"| bad | {_code(written_form(errors.bad))} |"
    yield f"| histogram | `{latency.histogram}` |"
    bounds = ", ".join(f"{each:g}" if each < 1e6 else f"{each:.0f}" for each in preset.buckets)
    yield f"| bucket bounds | {bounds or 'as configured'} |"
    yield f"| identify | {_code(written_form(preset.identify))} |"
    for key in ("only", "exclude"):
        of_requests, of_histogram = getattr(errors, key), getattr(latency, key)
        if of_requests:
            yield f"| {key} | {_code(written_form(of_requests))} |"
        if of_histogram != of_requests:
            yield f"| {key} (histogram) | {_code(written_form(of_histogram))} |"
    yield from _prose(preset)


def _prose(preset: Preset) -> Iterator[str]:
    if preset.notes:
        yield ""
        yield from (f"- {note}" for note in preset.notes)
    yield from ("", "Checked against:", "")
    yield from (f"- {each.project}, {each.version}, `{each.at.strip()}`: {each.fact}" for each in preset.sources)


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def page(text: str) -> str:
    """The page with its tables as the preset files have them."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
