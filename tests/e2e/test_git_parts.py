"""The Git server itself: that it serves, refuses and is down as a forge would."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.controlplane import GitServer, Repository
from tests.e2e.controlplane.held_requests import is_push
from tests.e2e.controlplane.repository import ISOLATED

BIG = "x" * 3_000_000  # more than Git sends at once: it is pushed in chunks


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    made = GitServer(tmp_path / "git")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def shop(server: GitServer) -> Repository:
    made = server.repository("team/shop")
    made.commit("first", {"cart/app.yaml": "image: 1\n", "README": "shop\n"})
    return made


def git(cwd: Path, *arguments: str, token: str = "") -> subprocess.CompletedProcess[str]:
    """Git as somebody else calls it, who gives a token when he is asked for one."""
    helper = f"!give() {{ echo username=anybody; echo password={token}; }}; give"
    argv = ["git", "-c", f"credential.helper={helper}", "-c", "user.name=bob", "-c", "user.email=bob@example.com"]
    return subprocess.run(
        [*argv, *arguments], cwd=cwd, env=os.environ | ISOLATED, capture_output=True, text=True, timeout=60, check=False
    )


def clone(directory: Path, repository: Repository, token: str) -> Path:
    done = git(directory, "clone", "--quiet", repository.url, "clone", token=token)
    assert done.returncode == 0, done.stderr
    return directory / "clone"


def commit_and_push(work: Path, text: str, token: str) -> subprocess.CompletedProcess[str]:
    (work / "cart" / "app.yaml").write_text(text)
    assert git(work, "commit", "--all", "--quiet", "--message=change\n\nWhy: tests").returncode == 0
    return git(work, "push", "origin", "main", token=token)


def test_a_token_may_clone_and_push(server: GitServer, shop: Repository, tmp_path: Path) -> None:
    work = clone(tmp_path, shop, server.token)
    assert commit_and_push(work, BIG, server.token).returncode == 0
    assert shop.read("cart/app.yaml") == BIG
    newest, first = shop.log()
    assert (newest.author, newest.subject, newest.message) == ("bob", "change", "change\n\nWhy: tests")
    assert newest.sha == shop.head()
    assert shop.read("cart/app.yaml", first.sha) == "image: 1\n"


def test_without_the_token_nothing_is_served(server: GitServer, shop: Repository, tmp_path: Path) -> None:
    done = git(tmp_path, "clone", shop.url, "clone", token="wrong")
    assert "Authentication failed" in done.stderr


def test_a_reading_token_may_not_push(server: GitServer, shop: Repository, tmp_path: Path) -> None:
    work = clone(tmp_path, shop, server.reading_token)
    refused = commit_and_push(work, "image: 2\n", server.reading_token)
    assert "403" in refused.stderr
    assert len(shop.log()) == 1


def test_a_protected_branch_takes_no_push_and_another_does(server: GitServer, shop: Repository, tmp_path: Path) -> None:
    work = clone(tmp_path, shop, server.token)
    shop.protect()
    refused = commit_and_push(work, "image: 2\n", server.token)
    assert "Protected branch update failed for refs/heads/main" in refused.stderr
    assert "pre-receive hook declined" in refused.stderr
    assert git(work, "push", "origin", "main:revert", token=server.token).returncode == 0
    assert shop.branches == ["main", "revert"]
    shop.unprotect()
    assert git(work, "push", "origin", "main", token=server.token).returncode == 0


def test_it_refuses_connections_while_it_is_down(server: GitServer, shop: Repository, tmp_path: Path) -> None:
    server.stop()
    assert "onnect" in git(tmp_path, "ls-remote", shop.url, token=server.token).stderr
    server.start()
    assert shop.head() in git(tmp_path, "ls-remote", shop.url, token=server.token).stdout


def test_a_push_that_is_held_before_it_is_done_may_come_too_late(
    server: GitServer, shop: Repository, tmp_path: Path
) -> None:
    work = clone(tmp_path, shop, server.token)
    held = server.hold(is_push)
    with ThreadPoolExecutor(1) as elsewhere:
        pushing = elsewhere.submit(commit_and_push, work, "image: 2\n", server.token)
        held.wait()
        carols = shop.commit("docs", {"docs/README": "docs\n"}, author="carol")
        held.let_go()
        refused = pushing.result()
    held.wait_answered()
    assert refused.returncode == 1
    assert shop.head() == carols


def test_a_push_that_is_held_before_it_is_answered_is_done(server: GitServer, shop: Repository, tmp_path: Path) -> None:
    work = clone(tmp_path, shop, server.token)
    held = server.hold(is_push, done=True)
    with ThreadPoolExecutor(1) as elsewhere:
        pushing = elsewhere.submit(commit_and_push, work, "image: 2\n", server.token)
        held.wait()
        assert shop.read("cart/app.yaml") == "image: 2\n"
        held.let_go()
        assert pushing.result().returncode == 0
    assert commit_and_push(work, "image: 3\n", server.token).returncode == 0  # only the first one is held


def test_a_colleague_commits_beside_others(shop: Repository) -> None:
    first = shop.head()
    second = shop.commit("cart: 2", {"cart/app.yaml": "image: 2\n", "README": None}, author="carol")
    shop.commit("docs", {"docs/README": "docs\n"})
    assert [each.subject for each in shop.log(path="cart")] == ["cart: 2", "first"]
    assert shop.log(second)[0].author == "carol"
    assert shop.files() == ["cart/app.yaml", "docs/README"]
    assert shop.files(first) == ["README", "cart/app.yaml"]
    shop.commit("elsewhere", {"a": "b"}, branch="revert")
    assert [each.subject for each in shop.log("revert")][:2] == ["elsewhere", "docs"]


def test_a_partial_clone_of_a_file_url_works(shop: Repository, tmp_path: Path) -> None:
    done = git(tmp_path, "clone", "--quiet", "--filter=blob:none", shop.file_url, "clone")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "clone" / "cart" / "app.yaml").read_text() == "image: 1\n"
