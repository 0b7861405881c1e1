"""Relative links lead to files and headings that exist."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import NAMES, ROOT, page

_MODULE = re.compile(r"`(?:watcher/)?([a-z_/]+\.py)`")


@pytest.mark.parametrize("name", NAMES)
def test_relative_links_resolve(name: str) -> None:
    here = (ROOT / name).parent
    for link in page(name).links():
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (here / path).resolve() if path else ROOT / name
        assert target.exists(), f"{name}: {link}"
        if anchor:
            assert anchor in page(str(target.relative_to(ROOT))).anchors(), f"{name}: {link}"


def test_every_page_can_be_reached_from_the_first() -> None:
    reached, waiting = set[str](), ["README.md"]
    while waiting:
        name = waiting.pop()
        if name in reached or not name.endswith(".md"):
            continue
        reached.add(name)
        targets = (link.partition("#")[0] for link in page(name).links() if "://" not in link)
        waiting += [str(((ROOT / name).parent / each).resolve().relative_to(ROOT)) for each in targets if each]
    assert reached == set(NAMES)


def test_files_of_the_code_that_are_named_exist() -> None:
    missing, found = list[str](), 0
    for line in page("CONTRIBUTING.md").prose():
        here = ROOT / "watcher"
        for name in _MODULE.findall(line):
            place = ROOT / "watcher" / name if "/" in name or (ROOT / "watcher" / name).exists() else here / name
            here, found = place.parent, found + 1
            missing += [] if place.exists() else [name]
    assert missing == []
    assert found > 30


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_whole(name: str) -> None:
    found = page(name)
    assert found.headings()[0] == found.lines[0].removeprefix("# ")
    assert sum(line.startswith("```") for line in found.lines) % 2 == 0
    assert len(found.anchors()) == len(found.headings()), "two headings are the same"
