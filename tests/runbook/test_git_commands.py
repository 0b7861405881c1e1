"""The printed commands of Git take the bad commits back in a real repository, and leave everything else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.runbook import views as v
from watcher.core.gitops import Deployed, GitSource
from watcher.runbook.compose import runbook

WHO = {
    "GIT_AUTHOR_NAME": "ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}


def sh(script: str, where: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", f"set -eu\n{script}"],
        cwd=where,
        env={**os.environ, **WHO},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A bare one, with a clone beside it in which people work."""
    sh("git init -q --bare -b main 'the shop.git' && git clone -q 'the shop.git' work 2>/dev/null", tmp_path)
    return tmp_path / "the shop.git"


def commit(work: Path, path: str, text: str) -> str:
    file = work / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return sh("git add -A; git commit -qm 'a change'; git push -q origin HEAD:main; git rev-parse HEAD", work)


def test_two_bad_commits_are_taken_back_and_a_colleagues_stays(repository: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    good = commit(work, "apps/my cart/values.yaml", "image: 1\n")
    commit(work, "apps/my cart/values.yaml", "image: 2\n")
    commit(work, "apps/pay/values.yaml", "image: 7\n")
    bad = commit(work, "apps/my cart/extra.yaml", "kind: ConfigMap\n")
    view = v.managed(
        sources=(GitSource(str(repository), "main", bad, ("apps/my cart",)),),
        history=(Deployed((good,), v.NOW - v.DAY), Deployed((bad,), v.NOW - 421.0)),
    )
    (git,) = [each for each in runbook(v.facts(view)).steps if each.id == "git"]
    script = "\n".join(each.line for each in git.commands if each.needs == "git").replace("--filter=blob:none ", "")
    sh(script, tmp_path)
    sh("git pull -q origin main", work)
    assert (work / "apps/my cart/values.yaml").read_text() == "image: 1\n"
    assert not (work / "apps/my cart/extra.yaml").exists()
    assert (work / "apps/pay/values.yaml").read_text() == "image: 7\n"
    assert sh("git log -1 --format=%s", work) == "Revert cart: incident"


def test_where_the_good_commit_is_not_known_nothing_is_reverted(repository: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    bad = commit(work, "apps/cart/values.yaml", "image: 2\n")
    view = v.managed(sources=(GitSource(str(repository), "main", bad, ("apps/cart",)),), history=())
    (git,) = [each for each in runbook(v.facts(view)).steps if each.id == "git"]
    lines = [each.line for each in git.commands if each.needs == "git"]
    with pytest.raises(AssertionError, match="set GOOD to the last good commit"):
        sh("\n".join(lines), tmp_path)
    assert sh("git rev-parse main", repository) == bad
