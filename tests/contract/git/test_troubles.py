"""What goes wrong between here and the server, and with the clone."""

from __future__ import annotations

import asyncio
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contract.git.conftest import Place
from tests.contract.git.people import File, People
from tests.contract.git.test_reverts import CART, MESSAGE, OTHER, by_file, manifest, reverted
from watcher.config.gitops import GitAuth
from watcher.ports import Forbidden, Rejected, Unanswered, Unavailable
from watcher.ports.git import Protected, Revert


async def test_a_protected_branch_takes_no_push_but_another_branch_does(place: Place, people: People) -> None:
    good = people.commit({CART: manifest("cart:1")})
    head = people.commit({CART: manifest("cart:2")})
    place.remote.protect("main")
    repository = place.open()
    prepared = await reverted(repository, head, good)

    with pytest.raises(Protected, match=r"GH006: Protected branch update failed for refs/heads/main.*pull request"):
        await repository.push(prepared.commit, "main", head)
    await repository.push(prepared.commit, "watcher/revert-d1", "")

    assert place.remote.head() == head
    assert place.remote.head("watcher/revert-d1") == prepared.commit


async def test_whoever_may_push_is_let_try_and_nothing_changes(place: Place, people: People) -> None:
    head = people.commit({CART: "1"})
    repository = place.open()

    await repository.may_push("main")
    await repository.may_push("HEAD")

    assert place.remote.head() == head
    assert await repository.default_branch() == "main"


async def test_a_token_that_may_only_read_may_not_push(http: Place, tmp_path: Path) -> None:
    people = People(http.remote)
    good = people.commit({CART: "1"})
    head = people.commit({CART: "2"})
    (tmp_path / "token").write_text(http.server.reading_token)
    repository = http.open()
    prepared = await reverted(repository, head, good)

    with pytest.raises(Forbidden, match="403"):
        await repository.push(prepared.commit, "main", head)
    with pytest.raises(Forbidden, match="403"):
        await repository.may_push("main")


async def test_a_wrong_token_is_forbidden_and_shown_nowhere_and_a_new_one_counts_at_once(
    http: Place, tmp_path: Path
) -> None:
    head = People(http.remote).commit({CART: "1"})
    (tmp_path / "token").write_text("wrong-token")
    repository = http.open()

    with pytest.raises(Forbidden, match="token or key that is configured") as caught:
        await repository.fetch("main")
    (tmp_path / "token").write_text(http.server.token)

    assert "wrong-token" not in str(caught.value)
    assert await repository.fetch("main") == head
    clone = b"".join(each.read_bytes() for each in http.cache.rglob("*") if each.is_file())
    assert http.server.token.encode() not in clone


async def test_without_a_token_nobody_is_asked(http: Place) -> None:
    with pytest.raises(Forbidden):
        await http.open(auth=GitAuth()).fetch("main")


async def test_a_token_file_that_is_not_there_is_named(http: Place, tmp_path: Path) -> None:
    (tmp_path / "token").unlink()
    with pytest.raises(Unavailable, match=f"token file {tmp_path}/token cannot be read"):
        await http.open().fetch("main")


async def test_a_server_that_is_down_is_unavailable(http: Place) -> None:
    http.server.stop()
    try:
        with pytest.raises(Unavailable, match="Failed to connect"):
            await http.open().fetch("main")
    finally:
        http.server.start()


async def test_an_answer_that_is_lost_is_looked_for(file: Place) -> None:
    people = People(file.remote)
    good = people.commit({CART: "1"})
    head = people.commit({CART: "2"})
    repository = file.open()
    prepared = await reverted(repository, head, good)
    hook = file.remote.bare / "hooks" / "post-receive"  # the push has been carried out when it runs
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)

    await repository.push(prepared.commit, "main", head)

    assert file.remote.head() == prepared.commit


async def test_an_answer_that_is_lost_with_the_server_leaves_it_open(file: Place) -> None:
    people = People(file.remote)
    good = people.commit({CART: "1"})
    head = people.commit({CART: "2"})
    repository = file.open()
    prepared = await reverted(repository, head, good)
    hook = file.remote.bare / "hooks" / "post-receive"
    hook.write_text("#!/bin/sh\nrm HEAD\nkill -9 $PPID\n")
    hook.chmod(0o755)

    with pytest.raises(Unanswered, match="nobody knows"):
        await repository.push(prepared.commit, "main", head)


async def test_what_is_not_there_is_said_to_be_so(file: Place) -> None:
    people = People(file.remote)
    head = people.commit({CART: "1"})
    repository = file.open()

    with pytest.raises(Rejected, match="is there such a branch"):
        await repository.fetch("other")
    with pytest.raises(Rejected, match="no name of a branch"):
        await repository.fetch("--upload-pack=touch x")
    with pytest.raises(Rejected, match="no id of a commit"):
        await repository.files("--output=x")
    with pytest.raises(Rejected, match="is no path"):
        await repository.changed(head, head, ["../x"])
    assert await repository.read(head, "apps") is None
    assert await repository.read(head, "no") is None
    assert await repository.changed(head, head, []) == ()
    shutil.rmtree(file.remote.bare)
    with pytest.raises(Forbidden, match="no such repository"):
        await repository.fetch("main")


@by_file
async def test_a_branch_may_come_where_its_directory_was(place: Place, people: People) -> None:
    first = people.commit({CART: "1"}, branch="release")
    repository = place.open()
    assert await repository.fetch("release") == first
    place.remote._git("update-ref", "-d", "refs/heads/release")
    second = people.commit({CART: "2"}, branch="release/2", onto=first)

    assert await repository.fetch("release/2") == second


async def test_a_commit_that_was_never_fetched_is_fetched(place: Place, people: People) -> None:
    first = people.commit({CART: "1"})
    repository = place.open()
    await repository.fetch("main")
    other = people.commit({CART: "2"}, branch="other", onto=first)

    assert await repository.contains(first, other)
    with pytest.raises(Rejected, match="was its history rewritten"):
        await repository.contains(first, "1" * 40)


@by_file
@pytest.mark.parametrize("damage", ["empty", "gone", "no objects", "half"])
async def test_a_damaged_clone_is_made_anew(place: Place, people: People, damage: str) -> None:
    good = people.commit({CART: manifest("cart:1")})
    head = people.commit({CART: manifest("cart:2")})
    await place.open().fetch("main")
    (clone,) = place.cache.glob("*.git")
    packs = list(clone.glob("objects/pack/*.pack"))
    assert packs
    for pack in packs:
        pack.chmod(0o600)
        if damage == "empty":
            pack.write_bytes(b"")
        elif damage == "half":
            pack.write_bytes(pack.read_bytes()[:40])
        elif damage == "gone":
            pack.unlink()
    if damage == "no objects":
        shutil.rmtree(clone / "objects")

    repository = place.open()
    prepared = await reverted(repository, head, good)
    await repository.push(prepared.commit, "main", head)

    assert place.remote.head() == prepared.commit
    assert [each.name for each in place.cache.glob("*.damaged")] == []


@by_file
async def test_what_an_interrupted_command_left_behind_is_in_nobodys_way(place: Place, people: People) -> None:
    people.commit({CART: "1"})
    await place.open().fetch("main")
    (clone,) = place.cache.glob("*.git")
    for left in ("packed-refs.lock", "refs/fetched/main.lock", "objects/pack/tmp_pack_x"):
        (clone / left).write_text("")
    head = people.commit({CART: "2"})

    assert await place.open().fetch("main") == head
    assert not list(clone.rglob("tmp_pack_*"))


@by_file
async def test_two_processes_share_a_cache(place: Place, people: People) -> None:
    good = people.commit({CART: "1"})
    head = people.commit({CART: "2"})
    several = [place.open() for _ in range(3)]

    heads = await asyncio.gather(*(each.fetch("main") for each in several))
    made = await asyncio.gather(*(reverted(each, head, good) for each in several))

    assert heads == [head] * 3
    assert {each.files for each in made} == {(CART,)}


@by_file
async def test_many_packs_become_one_and_nothing_is_lost(
    place: Place, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.adapters.git.clones.MOST_PACKS", 3)
    repository = place.open()
    good = people.commit({CART: manifest("cart:1")})
    await repository.fetch("main")
    prepared = []
    for image in (2, 3, 4):
        head = people.commit({CART: manifest(f"cart:{image}")})
        prepared.append(await reverted(repository, head, good))
        assert await repository.read(head, CART)

    await repository.push(prepared[-1].commit, "main", head)

    assert len(list(place.cache.glob("*.git/objects/pack/*.pack"))) < 5
    assert place.remote.read(CART) == manifest("cart:1")


async def test_clones_that_are_not_used_make_room(
    place_by: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = place_by("file"), place_by("http")
    heads = [People(each.remote).commit({CART: "1"}) for each in (one, other)]
    await one.open().fetch("main")
    monkeypatch.setattr("watcher.adapters.git.room.MOST_BYTES", 1000)

    assert await other.open().fetch("main") == heads[1]
    assert len(list(one.cache.glob("*.git"))) == 1
    assert await one.open().fetch("main") == heads[0]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As on a full disk: no process that is started meanwhile writes more than so many bytes into a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@by_file
async def test_a_full_disk_is_named_and_does_no_harm(place: Place, people: People) -> None:
    noise = "".join(f"{number * 7919 % 10007}\n" for number in range(20_000))
    good = people.commit({CART: manifest("cart:1"), **{f"apps/x{n}/{noise[n : n + 40]!a}": "" for n in range(900)}})
    head = people.commit({CART: manifest("cart:2")})
    repository = place.open()

    with largest_file(4096), pytest.raises(Unavailable, match=f"{place.cache}.*full"):
        await repository.fetch("main")
    assert await repository.fetch("main") == head

    with largest_file(4096), pytest.raises(Unavailable, match=f"{place.cache}.*larger"):
        await repository.prepare(Revert(head, good, (head,), ("apps/cart",), MESSAGE))
    prepared = await reverted(repository, head, good)
    assert prepared.files == (CART,)


@by_file
async def test_a_repository_that_is_too_large_fills_no_volume(
    place: Place, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.commit({f"apps/{n * 7919**9:040x}": "" for n in range(500)})
    monkeypatch.setattr("watcher.adapters.git.command.LARGEST_FILE", 8192)

    with pytest.raises(Unavailable, match="is the volume full"):
        await place.open().fetch("main")
    assert sum(each.stat().st_size for each in place.cache.rglob("*")) < 64 * 1024


@by_file
async def test_an_export_leads_nowhere_else(place: Place, people: People, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    head = people.commit(
        {
            "apps/cart/run": File(b"#!/bin/sh\n", "100755"),
            "apps/cart/-x\n\udcff": "odd",
            "apps/cart/near": File(b"../cart/run", "120000"),
            "apps/cart/away": File(b"../../../outside", "120000"),
            "apps/cart/absolute": File(str(tmp_path / "outside").encode(), "120000"),
            "apps/cart/deep/er/up": File(b"..", "120000"),
            "apps/cart/chain": File(b"deep/er/up/../../../../../outside", "120000"),
            "apps/cart/loop": File(b"loop", "120000"),
            "apps/cart/module": File(b"1" * 40, "160000"),
            OTHER: "not asked for",
        }
    )
    repository, into = place.open(), tmp_path / "into"
    into.mkdir()

    await repository.export(head, ["apps/cart"], into)

    found = into / "apps" / "cart"
    assert (found / "run").stat().st_mode & 0o111
    assert (found / "-x\n\udcff").read_text() == "odd"
    assert (found / "near").readlink() == Path("../cart/run")
    assert (found / "away").read_text() == "../../../outside"
    assert (found / "absolute").read_text() == str(tmp_path / "outside")
    assert not (found / "chain").is_symlink()
    assert not (found / "module").exists()
    assert not (into / OTHER).exists()
    links = [each for each in into.rglob("*") if each.is_symlink() and each.name != "loop"]
    assert all(each.resolve().is_relative_to(into) for each in links)


@by_file
@pytest.mark.parametrize("name", ["apps/.GIT/config", "apps/../../x"])
async def test_names_that_no_directory_should_hold_are_not_exported(
    place: Place, people: People, tmp_path: Path, name: str
) -> None:
    people.commit({"apps/x": "1"})
    head = people.commit_tree_named(name)

    with pytest.raises(Rejected, match="no directory should hold"):
        await place.open().export(head, [""], tmp_path)


@by_file
async def test_an_export_is_not_endless(
    place: Place, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = people.commit({"apps/a": "1" * 4000, "apps/b": "2" * 4000})
    monkeypatch.setattr("watcher.adapters.git.export.MOST_BYTES", 7000)

    with pytest.raises(Rejected, match="narrower paths"):
        await place.open().export(head, ["apps"], tmp_path)
    await place.open().export(head, ["apps/a"], tmp_path)
    monkeypatch.setattr("watcher.adapters.git.export.MOST_FILES", 1)
    with pytest.raises(Rejected, match="2 files"):
        await place.open().export(head, ["apps"], tmp_path)


async def test_contents_are_fetched_when_they_are_asked_for(place: Place, people: People) -> None:
    head = people.commit({"apps/a": "a" * 100, "apps/b": "b" * (1024 * 1024 + 1)})
    repository = place.open()
    await repository.fetch("main")

    assert await repository.read(head, "apps/a") == b"a" * 100
    assert await repository.files(head) == ("apps/a", "apps/b")
    with pytest.raises(Rejected, match="larger than 1 MiB"):
        await repository.read(head, "apps/b")
