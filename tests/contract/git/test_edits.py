"""One file is given another content by a commit; what a rehearsal breaks and puts back."""

from __future__ import annotations

import pytest

from tests.contract.git.conftest import Place
from watcher.adapters.git.repository import GitRepository
from watcher.ports import Rejected
from watcher.rehearsal import commit

WORKLOAD = "apps/cart/workload.yaml"
PLAIN = "kind: Deployment\nspec:\n  image: shop/cart:1.9\n  other: shop/cart:1.9.1\n"
KUSTOMIZE = "images:\n  - name: shop/cart\n    newTag: '1.9'\n"
PATHS = ("apps/cart",)


def opened(place: Place, files: dict[str, str]) -> GitRepository:
    place.remote.commit("all", files)
    found = place.open()
    assert isinstance(found, GitRepository)
    return found


@pytest.mark.parametrize(
    ("file", "content", "broken"),
    [
        (WORKLOAD, PLAIN, PLAIN.replace("cart:1.9\n", "cart:watcher-rehearsal-d1\n")),
        ("apps/cart/kustomization.yaml", KUSTOMIZE, KUSTOMIZE.replace("'1.9'", "watcher-rehearsal-d1")),
        ("apps/cart/values.yaml", "image:\n  tag: 1.9\n", "image:\n  tag: watcher-rehearsal-d1\n"),
    ],
)
async def test_the_one_place_of_an_image_is_broken_and_put_back(
    place: Place, file: str, content: str, broken: str
) -> None:
    repository = opened(place, {file: content, "apps/mail/workload.yaml": PLAIN})
    found = await commit.place(repository, "main", PATHS, "shop/cart:1.9", "d1")
    assert (found.file, found.content, found.broken) == (file, content, broken)

    sha = await commit.break_(repository, "main", found, "d1")
    assert place.remote.head() == sha
    assert place.remote.read(file, sha) == broken
    assert place.remote.read("apps/mail/workload.yaml", sha) == PLAIN

    assert await commit.put_back(repository, "main", file, content, "shop/cart:1.9", "d1")
    assert await commit.now(repository, "main", file) == content
    assert not await commit.put_back(repository, "main", file, content, "shop/cart:1.9", "d1"), "it is as it was"
    assert len(place.remote.log()) == 3


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"apps/cart/a.yaml": PLAIN, "apps/cart/b.yaml": PLAIN}, "in one file it must be"),
        ({"apps/cart/a.yaml": "kind: Service\n"}, "written out in one place"),
        ({"apps/mail/a.yaml": PLAIN}, "written out in one place"),
    ],
)
async def test_an_image_that_stands_in_no_place_or_in_several_is_not_broken(
    file: Place, files: dict[str, str], why: str
) -> None:
    repository = opened(file, files)
    with pytest.raises(Rejected, match=why):
        await commit.place(repository, "main", PATHS, "shop/cart:1.9", "d1")
    assert len(file.remote.log()) == 1


async def test_what_others_pushed_meanwhile_stays(file: Place) -> None:
    repository = opened(file, {WORKLOAD: PLAIN})
    found = await commit.place(repository, "main", PATHS, "shop/cart:1.9", "d1")
    await commit.break_(repository, "main", found, "d1")
    theirs = {"README.md": "hello\n", WORKLOAD: f"# ours\n{found.broken}"}
    file.remote.commit("somebody else", theirs)
    assert await commit.put_back(repository, "main", WORKLOAD, PLAIN, "shop/cart:1.9", "d1")
    head = file.remote.head()
    assert (file.remote.read(WORKLOAD, head), file.remote.read("README.md", head)) == (f"# ours\n{PLAIN}", "hello\n")


async def test_a_line_that_somebody_changed_is_left_to_people(file: Place) -> None:
    repository = opened(file, {WORKLOAD: PLAIN})
    found = await commit.place(repository, "main", PATHS, "shop/cart:1.9", "d1")
    await commit.break_(repository, "main", found, "d1")
    changed = found.broken.replace("watcher-rehearsal-d1", "watcher-rehearsal-d1  # why?")
    file.remote.commit("somebody else", {WORKLOAD: changed})
    with pytest.raises(Rejected, match="by hand"):
        await commit.put_back(repository, "main", WORKLOAD, PLAIN, "shop/cart:1.9", "d1")


async def test_a_file_that_is_not_there_cannot_be_edited(file: Place) -> None:
    repository = opened(file, {WORKLOAD: PLAIN})
    with pytest.raises(Rejected, match="is no file"):
        await repository.edited(await repository.fetch("main"), "nowhere.yaml", b"", "x")
