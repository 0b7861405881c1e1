"""Every kind of finding of the preflight has its heading, with severity, what, why and what to do, as declared."""

from __future__ import annotations

import pytest

from tests.docs.findings import BEGIN, END, catalogue, sample, section
from tests.docs.pages import page
from watcher.doctor.examine import CATALOGUE

PAGE = page("docs/doctor.md")
TEXT = "\n".join(PAGE.lines)


def test_every_finding_has_its_heading_and_no_heading_is_left_over() -> None:
    headings = [heading.strip("`") for heading in PAGE.headings() if heading.startswith("`")]
    assert headings == list(CATALOGUE)


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda kind: kind.id)
def test_a_finding_is_documented_as_it_is_declared(kind: object) -> None:
    assert section(kind) in TEXT, "run: python -m tests.docs.findings"  # type: ignore[arg-type]


def test_the_sample_is_what_the_command_prints() -> None:
    (fence,) = [fence for fence in PAGE.fences() if fence.info == ("text", "sample")]
    assert fence.text.rstrip("\n") == sample(), "run: python -m tests.docs.findings"


def test_the_catalogue_is_whole() -> None:
    assert TEXT.partition(BEGIN)[2].partition(END)[0].strip() == catalogue(), "run: python -m tests.docs.findings"


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda kind: kind.id)
def test_a_finding_says_what_to_do_with_what_was_found(kind: object) -> None:
    for part in ("- **Severity:** ", "- **What:** ", "- **Why:** ", "- **What to do:** "):
        assert section(kind).count(part) == 1  # type: ignore[arg-type]
