"""Whatever was committed, a revert changes its paths alone, and gives back what was there where nobody came after."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.git.people import File, Files, People
from tests.e2e.controlplane.repository import Repository as Remote
from watcher.adapters.git import GitRepositories
from watcher.config.gitops import ConfigRepository, GitOps
from watcher.core.keepers.paths import within
from watcher.ports.git import NothingToRevert, Repository, Revert

PATH = "apps/a"
INSIDE = ("apps/a/x", "apps/a/y", "apps/a/d", "apps/a/d/z", "apps/a/d/-n\n")
OUTSIDE = ("apps/ab", "apps/b/x", "top", "apps/a.yaml")

texts = st.lists(st.sampled_from("123"), min_size=5, max_size=5).map(lambda lines: "\n".join([*lines, ""]))
contents = (
    st.none()
    | texts
    | texts.map(lambda text: File(text.encode(), "100755"))
    | st.sampled_from([File(b"x", "120000"), File(b"\0\1"), File(b"\0\2"), File(b"1" * 40, "160000")])
)


def changes(*names: str) -> st.SearchStrategy[Files]:
    return st.dictionaries(st.sampled_from(names), contents, min_size=1, max_size=4)


@dataclass
class Ground:
    people: People
    repository: Repository
    branches: count[int]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    directory: Path = tmp_path_factory.mktemp("property")
    remote = Remote.create(directory / "x.git", "")
    repositories = GitRepositories(lambda: GitOps((ConfigRepository(("*",)),)), directory / "cache", lambda: 0.0)
    return Ground(People(remote), repositories.repository(remote.file_url), count())


@settings(max_examples=16)
@given(
    before=changes(*INSIDE, *OUTSIDE),
    bad=st.lists(changes(*INSIDE, *OUTSIDE), min_size=1, max_size=4),
    after=st.lists(changes(*INSIDE, *OUTSIDE), max_size=2),
)
async def test_nothing_outside_of_the_paths_changes(
    ground: Ground, before: Files, bad: list[Files], after: list[Files]
) -> None:
    line = ground.people.line([before, *bad, *after], f"branch-{next(ground.branches)}")
    good, newest, head = line[0], line[len(bad)], line[-1]
    notes = await ground.repository.commits(good, newest, [PATH])
    if not notes:
        return
    revert = Revert(head, good, tuple(each.sha for each in notes), (PATH,), "Revert")

    try:
        made = (await ground.repository.prepare(revert)).commit
    except NothingToRevert:
        made = head

    outside = await ground.repository.changed(head, made, [""])
    assert all(within(name, PATH) for name in outside)
    later = await ground.repository.changed(newest, head, [PATH])
    if not later:  # nobody came after: all is as it was, and nothing was lost on the way
        assert await ground.repository.changed(good, made, [PATH]) == ()
    touched = set(await ground.repository.changed(good, newest, [PATH]))
    for name in set(later) - touched - {"apps/a/d", "apps/a/d/z", "apps/a/d/-n\n"}:
        if not any(name in step for step in bad):  # changed by others only: it stays
            assert name not in await ground.repository.changed(head, made, [name])


@settings(max_examples=8)
@given(
    before=changes(*INSIDE, *OUTSIDE), bad=st.lists(changes(*INSIDE), min_size=1, max_size=4), after=changes(*OUTSIDE)
)
async def test_the_good_tree_is_back_where_others_changed_other_things(
    ground: Ground, before: Files, bad: list[Files], after: Files
) -> None:
    line = ground.people.line([before, *bad, after], f"branch-{next(ground.branches)}")
    good, newest, head = line[0], line[len(bad)], line[-1]
    notes = await ground.repository.commits(good, newest, [PATH])
    if not notes:
        return

    try:
        revert = Revert(head, good, tuple(each.sha for each in notes), (PATH,), "Revert")
        prepared = await ground.repository.prepare(revert)
    except NothingToRevert:
        assert await ground.repository.changed(good, head, [PATH]) == ()
    else:
        assert not prepared.restores
        assert await ground.repository.changed(good, prepared.commit, [PATH]) == ()
        assert await ground.repository.changed(head, prepared.commit, OUTSIDE) == ()
