"""Snippets of the documentation do what they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import NAMES, Fence, page
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.config import loads
from watcher.core import machine
from watcher.core.model import Observation, Revision, Workload, WorkloadView
from watcher.core.policy import Policy, Subject
from watcher.core.words import Kind
from watcher.daemon.journal import Taken, as_commit

SNIPPETS = [
    pytest.param(fence, id=f"{name}:{fence.line}")
    for name in NAMES
    for fence in page(name).fences()
    if "thresholds" in fence.info
]
MAKE = re.compile(r"\bmake ([a-z0-9-]+)")


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_snippets_of_thresholds_load(snippet: Fence) -> None:
    thresholds = loads(snippet.text)
    watched = thresholds.policy_for(Subject("Deployment", "shop", "cart")) or thresholds.policy_for(
        Subject("Deployment", "shop-core", "checkout")
    )
    assert watched is not None
    assert watched.checks


def test_there_are_snippets_of_thresholds_on_every_page_that_explains_them() -> None:
    pages = {str(each.id).partition(":")[0] for each in SNIPPETS}
    assert pages == {"README.md", "docs/configuration.md", "docs/notifications.md", "docs/presets.md"}


def test_the_snippet_of_the_replay_replays_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    revision = Revision(1, "a", "good", "good", ("cart:1",), created=1.0, desired=1, ready=1, available=1)
    workload = Workload(Kind.DEPLOYMENT, "shop", "cart")
    view = WorkloadView(workload, "uid", 1, (revision,), desired=1, updated=1, ready=1, available=1)
    step = machine.step(None, Observation(view), 100.0, Policy())
    assert step is not None
    assert step.moved
    log = SQLiteStore.open(tmp_path / "watcher.db", reserve=0)
    (number,) = log.commit(as_commit([Taken(None, Observation(view), 100.0, Policy(), step)]))
    log.close()
    assert number
    monkeypatch.chdir(tmp_path)
    (snippet,) = [fence for fence in page("docs/decision-log.md").fences() if fence.info == ("python", "replay")]
    seen: dict[str, object] = {}
    exec(compile(snippet.text, "docs/decision-log.md", "exec"), seen)  # noqa: S102 - our own page
    assert "kept" in seen, "no transition was replayed"


@pytest.mark.parametrize("name", NAMES)
def test_targets_of_make_exist(name: str) -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    code = [span for line in page(name).prose() for span in re.findall(r"`([^`]+)`", line)]
    shown = [line for fence in page(name).fences() if fence.info == ("console",) for line in fence.text.splitlines()]
    named = {target for text in (*code, *shown) if text.startswith(("make", "$ make")) for target in MAKE.findall(text)}
    assert named <= targets
