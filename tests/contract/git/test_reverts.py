"""Reverts, pushed to real Git."""

from __future__ import annotations

import pytest

from tests.contract.git.conftest import Place
from tests.contract.git.people import File, Files, People
from watcher.ports import Rejected
from watcher.ports.git import Moved, NothingToRevert, Prepared, Repository, Revert

CART, OTHER = "apps/cart/deployment.yaml", "apps/search/deployment.yaml"
by_file = pytest.mark.parametrize("place", ["file"], indirect=True)
MESSAGE = "Revert cart\n\nIt failed.\n\nWatcher-Decision: d1\n"


def manifest(image: str, replicas: int = 3) -> str:
    return f"kind: Deployment\nspec:\n  replicas: {replicas}\n  a: 1\n  b: 2\n  c: 3\n  d: 4\n  image: {image}\n"


async def reverted(
    repository: Repository, head: str, good: str, *, paths: tuple[str, ...] = ("apps/cart",), until: str = ""
) -> Prepared:
    await repository.fetch("main")
    notes = await repository.commits(good, until or head, paths)
    return await repository.prepare(Revert(head, good, tuple(each.sha for each in notes), paths, MESSAGE))


async def test_the_newest_commits_of_a_path_are_taken_back_and_nothing_else(place: Place, people: People) -> None:
    good = people.commit({CART: manifest("cart:1"), OTHER: manifest("search:1")})
    people.commit({CART: manifest("cart:2"), "apps/cart/new.yaml": "new"}, "cart 2")
    people.commit({OTHER: manifest("search:2")}, "search 2")
    bad = people.commit({CART: manifest("cart:3")}, "cart 3")
    repository = place.open()

    head = await repository.fetch("HEAD")
    notes = await repository.commits(good, bad, ["apps/cart"])
    prepared = await reverted(repository, head, good)
    await repository.push(prepared.commit, "main", head)

    assert head == bad
    assert [(each.subject, each.author, each.at) for each in notes] == [
        ("cart 3", "alice", 1_700_000_240.0),
        ("cart 2", "alice", 1_700_000_120.0),
    ]
    assert prepared == Prepared(place.remote.head(), (CART, "apps/cart/new.yaml"), restores=False)
    assert people.tree(path="apps/cart") == people.tree(good, "apps/cart")
    assert place.remote.read(OTHER) == manifest("search:2")
    assert place.remote.log()[0].message == MESSAGE.strip()
    assert place.remote.log()[0].author == "watcher"


@by_file
async def test_what_came_later_to_the_same_file_stays_where_it_does_not_conflict(place: Place, people: People) -> None:
    good = people.commit({CART: manifest("cart:1")})
    bad = people.commit({CART: manifest("cart:2")})
    head = people.commit({CART: manifest("cart:2", replicas=9)})
    repository = place.open()

    prepared = await reverted(repository, head, good, until=bad)
    await repository.push(prepared.commit, "main", head)

    assert not prepared.restores
    assert place.remote.read(CART) == manifest("cart:1", replicas=9)


@by_file
async def test_a_conflict_puts_the_files_back_as_they_were(place: Place, people: People) -> None:
    good = people.commit({CART: manifest("cart:1"), "apps/cart/service.yaml": "1"})
    bad = people.commit({CART: manifest("cart:2")})
    head = people.commit({CART: manifest("cart:2-debug"), "apps/cart/service.yaml": "2"})
    repository = place.open()

    prepared = await reverted(repository, head, good, until=bad)
    await repository.push(prepared.commit, "main", head)

    assert prepared.restores
    assert prepared.files == (CART,)
    assert place.remote.read(CART) == manifest("cart:1")
    assert place.remote.read("apps/cart/service.yaml") == "2"


@by_file
async def test_a_merge_of_two_changes_puts_the_files_back_as_they_were(place: Place, people: People) -> None:
    good = people.commit({CART: manifest("cart:1"), OTHER: "1"})
    side = people.commit({"apps/cart/side.yaml": "side"}, "side", branch="side", onto=good)
    people.commit({CART: manifest("cart:2")}, "main")
    merged = {"apps/cart/side.yaml": "side", CART: manifest("cart:2-merged")}
    head = people.commit(merged, "merge", merge=side)
    repository = place.open()

    prepared = await reverted(repository, head, good)
    await repository.push(prepared.commit, "main", head)

    assert prepared.restores
    assert people.tree() == people.tree(good)


@by_file
async def test_what_a_merge_dropped_comes_back(place: Place, people: People) -> None:
    base = people.commit({CART: "1", "apps/cart/service.yaml": "1"})
    side = people.commit({CART: "2"}, "side", branch="side", onto=base)
    good = people.commit({"apps/cart/service.yaml": "2"}, "main")
    head = people.commit({CART: "2", "apps/cart/service.yaml": "1"}, "merge that takes side alone", merge=side)
    repository = place.open()

    prepared = await reverted(repository, head, good)

    assert prepared.restores
    assert await repository.changed(good, prepared.commit, ["apps/cart"]) == ()


@by_file
async def test_the_merge_of_a_branch_alone_is_taken_back_by_its_commits(place: Place, people: People) -> None:
    good = people.commit({CART: manifest("cart:1"), OTHER: "1"})
    side = people.commit({CART: manifest("cart:2")}, "side", branch="side", onto=good)
    people.commit({OTHER: "2"}, "main")
    head = people.commit({CART: manifest("cart:2")}, "merge", merge=side)
    repository = place.open()

    notes = await repository.commits(good, await repository.fetch("main"), ["apps/cart"])
    prepared = await reverted(repository, head, good)

    assert [each.subject for each in notes] == ["side"]
    assert not prepared.restores
    assert prepared.files == (CART,)


@by_file
async def test_a_fix_that_is_there_already_is_named(place: Place, people: People) -> None:
    good = people.commit({CART: manifest("cart:1"), OTHER: "1"})
    bad = people.commit({CART: manifest("cart:2")})
    fix = people.commit({CART: manifest("cart:1")}, "back to 1")
    head = people.commit({OTHER: "2"})

    with pytest.raises(NothingToRevert, match=fix) as caught:
        await reverted(place.open(), head, good, until=bad)

    assert caught.value.by == fix


async def test_somebody_who_pushes_in_between_has_moved_the_branch(place: Place, people: People) -> None:
    good = people.commit({CART: manifest("cart:1")})
    head = people.commit({CART: manifest("cart:2")})
    repository = place.open()
    prepared = await reverted(repository, head, good)
    newer = people.commit({OTHER: "2"})

    with pytest.raises(Moved):
        await repository.push(prepared.commit, "main", head)
    assert place.remote.head() == newer

    again = await reverted(repository, newer, good)
    await repository.push(again.commit, "main", newer)
    assert place.remote.read(CART) == manifest("cart:1")


async def test_a_branch_that_was_set_back_is_not_brought_forward_again(file: Place) -> None:
    people = People(file.remote)
    good = people.commit({CART: manifest("cart:1")})
    head = people.commit({CART: manifest("cart:2")})
    repository = file.open()
    prepared = await reverted(repository, head, good)
    removed = people.commit({OTHER: "a secret"}, onto=good)

    with pytest.raises(Moved):
        await repository.push(prepared.commit, "main", head)

    assert file.remote.head() == removed


async def test_after_a_crash_between_prepare_and_push_there_is_one_commit_only(place: Place, people: People) -> None:
    good = people.commit({CART: manifest("cart:1")})
    head = people.commit({CART: manifest("cart:2")})
    await reverted(place.open(), head, good)

    restarted = place.open()
    assert await restarted.carrying("Watcher-Decision", "d1", await restarted.fetch("main"), good) == ""
    prepared = await reverted(restarted, head, good)
    await restarted.push(prepared.commit, "main", head)
    await restarted.push(prepared.commit, "main", head)
    people.commit({OTHER: "2"}, "later")
    await restarted.push(prepared.commit, "main", head)

    tip = await restarted.fetch("main")
    assert await restarted.carrying("Watcher-Decision", "d1", tip, good) == prepared.commit
    assert await restarted.carrying("Watcher-Decision", "d", tip, good) == ""
    assert await restarted.carrying("Watcher", "d1", tip, good) == ""
    assert await restarted.trailer(prepared.commit, "Watcher-Decision") == "d1"
    assert await restarted.trailer(good, "Watcher-Decision") == ""
    assert await restarted.contains(prepared.commit, tip)
    assert not await restarted.contains(tip, prepared.commit)
    assert len(place.remote.log()) == 4


async def test_a_new_branch_is_made_once(place: Place, people: People) -> None:
    good = people.commit({CART: manifest("cart:1")})
    head = people.commit({CART: manifest("cart:2")})
    repository = place.open()
    prepared = await reverted(repository, head, good)

    await repository.push(prepared.commit, "watcher/revert-d1", "")
    await repository.push(prepared.commit, "watcher/revert-d1", "")
    other = await reverted(place.open(author_name="another"), head, good)
    with pytest.raises(Moved):
        await repository.push(other.commit, "watcher/revert-d1", "")

    assert place.remote.head("watcher/revert-d1") == prepared.commit


async def test_files_that_must_not_be_changed_refuse_the_revert(file: Place) -> None:
    people = People(file.remote)
    good = people.commit({CART: manifest("cart:1"), "apps/cart/secrets/db.yaml": "1"})
    head = people.commit({CART: manifest("cart:2"), "apps/cart/secrets/db.yaml": "2"})
    repository = file.open()
    await repository.fetch("main")

    for globs in (("**/secrets/*",), ("apps/cart/secrets",), ("*/db.yaml",)):
        with pytest.raises(Rejected, match=r"apps/cart/secrets/db\.yaml, which neverTouch keeps"):
            await repository.prepare(Revert(head, good, (head,), ("apps",), MESSAGE, globs))


HOSTILE: tuple[str, ...] = (
    "apps/cart/-rf",
    "apps/cart/a\nb",
    'apps/cart/tab\tquote"back\\slash',
    "apps/cart/\udcff\udcfe.yaml",
    "apps/cart/:(top)*",
    "apps/cart/*.yaml",
    "apps/cart/git~1",
    "apps/cart/größe.yaml",
)


@by_file
async def test_names_are_any_bytes(place: Place, people: People) -> None:
    good = people.commit({**dict.fromkeys(HOSTILE, "1"), "apps/cart.yaml": "1", "apps/cartoon/x": "1"})
    head = people.commit({**dict.fromkeys(HOSTILE, "2"), "apps/cart.yaml": "2", "apps/cartoon/x": "2"})
    repository = place.open()

    prepared = await reverted(repository, head, good)
    changed = await repository.changed(good, head, ["apps/cart"])
    await repository.push(prepared.commit, "main", head)

    assert sorted(prepared.files) == sorted(changed) == sorted(HOSTILE)
    assert await repository.changed(good, prepared.commit, ["apps/cart"]) == ()
    assert await repository.changed(head, prepared.commit, ["apps/cart.yaml", "apps/cartoon"]) == ()
    assert await repository.read(good, prepared.files[0]) == b"1"


@by_file
async def test_added_deleted_renamed_linked_and_executable_files_come_back(place: Place, people: People) -> None:
    was: Files = {
        "apps/cart/gone.yaml": "gone",
        "apps/cart/old.yaml": "renamed\n" * 20,
        "apps/cart/run": "#!",
        "apps/cart/link": File(b"gone.yaml", "120000"),
        "apps/cart/module": File(b"1" * 40, "160000"),
        "apps/cart/data": File(b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n"),
        "apps/cart/thing": "a file",
    }
    good = people.commit(was)
    head = people.commit(
        {
            "apps/cart/gone.yaml": None,
            "apps/cart/old.yaml": None,
            "apps/cart/renamed.yaml": "renamed\n" * 20,
            "apps/cart/run": File(b"#!", "100755"),
            "apps/cart/link": File(b"renamed.yaml", "120000"),
            "apps/cart/module": File(b"2" * 40, "160000"),
            "apps/cart/data": File(b"version https://git-lfs.github.com/spec/v1\noid sha256:2\n"),
            "apps/cart/thing": None,
            "apps/cart/thing/now": "a directory",
        }
    )
    repository = place.open()

    prepared = await reverted(repository, head, good)
    await repository.push(prepared.commit, "main", head)

    assert not prepared.restores
    assert people.tree() == people.tree(good)


@pytest.mark.parametrize(
    "later",
    [
        {"apps/cart/x/y": "below"},
        {"apps/cart/x": File(b"\0binary 3")},
        {"apps/cart/x": File(b"target", "120000")},
        {"apps/cart/x": "text"},
    ],
)
async def test_what_cannot_be_merged_is_put_back(file: Place, later: Files) -> None:
    people = People(file.remote)
    good = people.commit({"apps/cart/x": File(b"\0binary 1"), "apps/cart/y": "1"})
    bad = people.commit({"apps/cart/x": None if "apps/cart/x/y" in later else File(b"\0binary 2")})
    head = people.commit(later)

    prepared = await reverted(file.open(), head, good, until=bad)

    assert prepared.restores


async def test_a_history_that_was_rewritten_is_put_back(file: Place) -> None:
    people = People(file.remote)
    base = people.commit({CART: manifest("cart:0")})
    good = people.commit({CART: manifest("cart:1")}, branch="before", onto=base)
    head = people.commit({CART: manifest("cart:2")}, onto=base)
    repository = file.open()

    prepared = await reverted(repository, head, good)

    assert prepared.restores
    assert await repository.read(prepared.commit, CART) == manifest("cart:1").encode()
