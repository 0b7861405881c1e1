"""What lies between two versions in the database, by the notes in ConfigMaps and in Git."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.gitops.world import CHECKOUT, NOW, World
from watcher.config.gitops import ConfigRepository, GitOps
from watcher.core.migrations import Down, DownSeen, MigrationSight, Safety, When
from watcher.core.model import Revision, Workload, WorkloadView
from watcher.gitops.cluster_notes import MOST_CONFIG_MAPS
from watcher.gitops.git_notes import GitNotes
from watcher.gitops.hooks import changed_hooks
from watcher.gitops.migrations import MigrationNotes
from watcher.ports import Forbidden, Rejected, Unavailable, WatcherError
from watcher.ports.git import Rendered
from watcher.ports.migrations import KeptNotes, MigrationQuestion


def text(name: str, safety: str = "safe") -> str:
    down = "down: {job: shop-down, args: [downgrade, base], when: after}\n" if safety == "after-down" else ""
    return f"name: {name}\nforward: db/{name}.sql\nrollbackSafe: {safety}\nreason: r\nreviewer: ann\n{down}"


def revision(number: int, migrations: str = "", **more: Any) -> Revision:
    template = f"t{number}"
    given: dict[str, Any] = {"images": (f"ghcr.io/acme/shop:{number}",), "created": NOW - 1000.0 + number, **more}
    return Revision(number, f"hash-{number}", template, template, migrations=migrations, **given)


@dataclass
class MemoryCluster:
    """ConfigMaps in memory; `failing` is raised instead."""

    kept: dict[str, KeptNotes] = field(default_factory=dict)
    failing: WatcherError | None = None
    asked: list[str] = field(default_factory=list)

    def keep(self, name: str, *notes: str, **more: Any) -> None:
        data = {f"{number}.yaml": each for number, each in enumerate(notes)}
        self.kept[name] = KeptNotes({**data, "README": "no note"}, **more)

    async def notes(self, namespace: str, name: str) -> KeptNotes | None:
        assert namespace == "shop"
        if self.failing is not None:
            raise self.failing
        self.asked.append(name)
        return self.kept.get(name)

    async def follow(self, workload: Workload, decision: str, note: str) -> DownSeen:
        return DownSeen(decision, note, NOW, f"{workload.name}-{note}", "running")


def question(*revisions: Revision, required: bool = False, **more: Any) -> MigrationQuestion:
    """From the newest of these revisions back to the oldest."""
    first, last = revisions[0], revisions[-1]
    view = WorkloadView(CHECKOUT, "u1", last.number, revisions, 1, 1, 1, 1, application=more.pop("application", None))
    known = {"began": NOW - 60.0, **more}
    return MigrationQuestion(view, f"u1/{last.number}", last.template_id, first.template_id, required, **known)


async def look(cluster: MemoryCluster, asked: MigrationQuestion, git: GitNotes | None = None) -> MigrationSight:
    sight = await MigrationNotes(cluster, git, World().clock).look(asked)
    assert (sight.release, sight.target, sight.at) == (asked.release, asked.target, NOW)
    return sight


def said(sight: MigrationSight) -> list[str]:
    return [f"{each.name} {each.safety}" for each in sight.notes]


async def test_a_release_without_any_note_has_none_and_where_they_are_required_that_is_told() -> None:
    both = revision(1), revision(2)
    sight = await look(MemoryCluster(), question(*both))
    assert (sight.notes, sight.unnoted, sight.problem) == ((), (), "")
    required = await look(MemoryCluster(), question(*both, required=True))
    assert required.unnoted == ("revision 2 (hash-2) has no migration notes",)


async def test_a_release_that_says_it_brings_none_is_enough() -> None:
    sight = await look(MemoryCluster(), question(revision(1), revision(2, "none"), required=True))
    assert (sight.notes, sight.unnoted, sight.problem) == ((), (), "")


async def test_all_releases_between_the_target_and_the_current_one_count_newest_first() -> None:
    cluster = MemoryCluster()
    cluster.keep("before", text("0-old", "unsafe"))
    cluster.keep("notes-2", text("1-first"), text("2-second", "after-down"))
    cluster.keep("notes-4", text("4-fourth", "unsafe"))
    cluster.keep("later", text("5-later", "unsafe"))
    target, release = revision(1, "before"), revision(4, "notes-4")
    asked = question(target, revision(2, "notes-2"), revision(3), release, required=True)
    asked = replace(asked, view=replace(asked.view, revisions=(*asked.view.revisions, revision(5, "later"))))
    sight = await look(cluster, asked)
    assert said(sight) == ["4-fourth unsafe", "2-second after-down", "1-first safe"]
    assert sight.notes[0].where == "0.yaml in ConfigMap shop/notes-4"
    assert sight.notes[1].down == Down("shop-down", args=("downgrade", "base"), when=When.AFTER)
    assert sight.unnoted == ("revision 3 (hash-3) has no migration notes",)


async def test_a_revision_that_is_gone_is_told_only_where_notes_are_required() -> None:
    cluster = MemoryCluster()
    cluster.keep("notes", text("a"))
    both = revision(1), revision(3, "notes")
    assert (await look(cluster, question(*both))).unnoted == ()
    gone = "revision 2 is not kept any more, so that nothing tells of its migrations"
    assert (await look(cluster, question(*both, required=True))).unnoted == (gone,)
    asked = replace(question(*both, required=True), target="t0")
    sight = await look(cluster, asked)
    assert said(sight) == ["a safe"]
    assert sight.unnoted[0].startswith("the target's revision is not kept any more")


async def test_notes_that_the_target_had_already_do_not_count() -> None:
    cluster = MemoryCluster()
    cluster.keep("all-1", text("a", "unsafe"))
    cluster.keep("all-2", text("a", "unsafe"), text("b"))
    assert said(await look(cluster, question(revision(1, "all-1"), revision(2, "all-2")))) == ["b safe"]


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({}, True),
        ({"written": NOW - 900.0}, True),
        ({"written": NOW - 999.0}, False),
        ({"immutable": True, "written": NOW}, False),
    ],
)
async def test_the_same_config_map_counts_unless_it_is_known_to_be_as_it_was(
    more: dict[str, Any], counts: bool
) -> None:
    cluster = MemoryCluster()
    cluster.keep("notes", text("a", "unsafe"), **more)
    sight = await look(cluster, question(revision(1, "notes"), revision(2, "notes"), required=True))
    assert said(sight) == (["a unsafe"] if counts else [])
    assert sight.unnoted == ()


async def test_a_note_that_cannot_be_read_counts_as_unsafe() -> None:
    cluster = MemoryCluster()
    cluster.keep("notes", text("a").replace("rollbackSafe", "rollback"))
    (found,) = (await look(cluster, question(revision(1), revision(2, "notes")))).notes
    assert found.safety is Safety.UNSAFE
    assert found.reason.startswith("the note cannot be read: 0.yaml:")


@pytest.mark.parametrize(("name", "kept"), [("gone", None), ("Not_A_Name", None), ("empty", KeptNotes({"a": ""}))])
async def test_a_config_map_that_is_not_there_or_holds_no_note_is_told(name: str, kept: KeptNotes | None) -> None:
    cluster = MemoryCluster({} if kept is None else {name: kept})
    sight = await look(cluster, question(revision(1), revision(2, name)))
    what = "there is none" if kept is None else "no key of it ends in .yaml or .yml"
    wanted = f"revision 2 names the ConfigMap {name} for its migration notes, and {what}"
    assert (sight.notes, sight.unnoted) == ((), (wanted,))


@pytest.mark.parametrize("error", [Unavailable("down"), Forbidden("grant the verb `get` on `configmaps`")])
async def test_what_cannot_be_read_is_a_problem(error: WatcherError) -> None:
    sight = await look(MemoryCluster(failing=error), question(revision(1), revision(2, "notes")))
    assert (sight.problem, sight.notes) == (str(error), ())


async def test_very_many_config_maps_are_a_problem() -> None:
    revisions = [revision(each, f"notes-{each}") for each in range(1, MOST_CONFIG_MAPS + 3)]
    assert "ConfigMaps" in (await look(MemoryCluster(), question(*revisions))).problem


async def test_the_job_of_a_note_is_followed() -> None:
    asked = question(revision(1), revision(2))
    seen = await MigrationNotes(MemoryCluster(), None, World().clock).follow(asked.view, "d1", "a")
    assert (seen.job, seen.state) == ("checkout-a", "running")


@pytest.fixture
def noted(world: World) -> World:
    """The configuration repository holds notes, those of the checkout in a directory of its own."""
    world.entry = replace(world.entry, migrations=("notes/{namespace}/{name}/*.yaml",))
    return world


async def in_git(world: World, *, required: bool = False, revisions: tuple[Revision, ...] = ()) -> MigrationSight:
    """What lies between what the world calls good and its head."""
    world.bad = world.head
    both = revisions or (revision(1), revision(2))
    asked = question(*both, required=required, application=world.application, known=(world.good,))
    return await look(MemoryCluster(), asked, GitNotes(world.means))


async def test_notes_that_came_with_the_release_count_and_earlier_ones_do_not(noted: World) -> None:
    noted.good = noted.repository.commit("Older", {"notes/shop/checkout/1.yaml": text("one", "unsafe")})
    noted.repository.commit("Mends a word", {"notes/shop/checkout/1.yaml": text("one", "unsafe") + "# seen again\n"})
    noted.repository.commit("Of another", {"notes/shop/cart/2.yaml": text("cart", "unsafe")})
    noted.repository.commit("A migration", {"notes/shop/checkout/2.yaml": text("two", "unsafe")})
    sight = await in_git(noted, required=True)
    assert said(sight) == ["two unsafe"]
    assert sight.notes[0].where.startswith(f"notes/shop/checkout/2.yaml at {noted.head[:12]} of ")
    assert sight.unnoted == ()


async def test_a_range_without_a_note_in_it_has_no_migration_even_where_notes_are_required(noted: World) -> None:
    assert (await in_git(noted, required=True)).unnoted == ()
    noted.entry = replace(noted.entry, migrations=())
    assert (await in_git(noted, required=True)).unnoted == ("revision 2 (hash-2) has no migration notes",)


async def test_a_note_in_git_that_cannot_be_read_counts_as_unsafe(noted: World) -> None:
    noted.repository.commit("A migration", {"notes/shop/checkout/2.yaml": "name: x\n"})
    assert said(await in_git(noted)) == ["notes/shop/checkout/2.yaml unsafe"]


async def test_a_range_that_is_not_known_is_told(noted: World) -> None:
    noted.bad = noted.head
    application = replace(noted.application, history=())
    asked = question(revision(1), revision(2), application=application)
    sight = await look(MemoryCluster(), asked, GitNotes(noted.means))
    assert [each.partition(" of ")[0] for each in sight.unnoted] == ["which commits"]


@dataclass
class Broken:
    """Repositories that cannot be had."""

    error: WatcherError

    def repository(self, url: str) -> Any:
        raise self.error


@pytest.mark.parametrize("error", [Unavailable("git is down"), Forbidden("no access"), Rejected("history is gone")])
async def test_a_repository_that_cannot_be_read_matters_only_where_it_holds_notes(error: WatcherError) -> None:
    world = World()
    world.means = replace(world.means, repositories=Broken(error))
    sight = await in_git(world)
    assert (sight.problem, sight.unnoted) == ("", ())
    world.entry = replace(world.entry, migrations=("notes/*.yaml",))
    sight = await in_git(world)
    refused = type(error) is Rejected
    assert sight.problem == ("" if refused else str(error))
    assert sight.unnoted == ((f"migration notes in Git cannot be told: {error}",) if refused else ())


async def test_notes_beside_the_code_count_between_the_commits_that_the_templates_name(world: World) -> None:
    first = world.repository.commit("Code", {"db/notes/1.yaml": text("one", "unsafe")})
    second = world.repository.commit("Code", {"db/notes/2.yaml": text("two", "after-down")})
    code = ConfigRepository((world.repository.url,), migrations=("db/notes/*.yaml",), images=("ghcr.io/acme/shop",))
    git = GitNotes(replace(world.means, configured=lambda: GitOps((code,))))
    both = revision(1, commit=first), revision(2, commit=second)
    sight = await look(MemoryCluster(), question(*both, required=True), git)
    assert (said(sight), sight.unnoted) == (["two after-down"], ())
    unnamed = await look(MemoryCluster(), question(revision(1), both[1], required=True), git)
    assert "pod templates lack watcher.dev/commit" in unnamed.unnoted[1]
    other = question(revision(1), revision(2, images=("ghcr.io/acme/other@sha256:1",)))
    assert (await look(MemoryCluster(), other, git)).unnoted == ()


def hook(image: str, annotation: str = "argocd.argoproj.io/hook", moment: str = "PreSync") -> dict[str, Any]:
    containers = [{"name": "migrate", "image": image}]
    metadata = {"name": "migrate", "annotations": {annotation: moment}}
    return {"kind": "Job", "metadata": metadata, "spec": {"template": {"spec": {"containers": containers}}}}


@pytest.mark.parametrize("annotation", ["argocd.argoproj.io/hook", "helm.sh/hook"])
def test_a_hook_job_counts_where_its_image_changes(annotation: str) -> None:
    before, after = [hook("shop:1", annotation, "pre-upgrade")], [hook("shop:2", annotation, "pre-upgrade")]
    assert changed_hooks(before, after) == ("the hook Job migrate runs shop:2 now in place of shop:1",)
    assert changed_hooks([], after) == ("the hook Job migrate runs shop:2 now",)
    assert changed_hooks(before, before) == changed_hooks(before, []) == ()
    assert changed_hooks([], [hook("shop:2", annotation, "test")]) == ()
    assert changed_hooks([], [{**hook("shop:2", annotation), "kind": "Pod"}]) == ()
    assert changed_hooks([], [{"kind": "Job", "metadata": {"name": "no-hook"}}]) == ()


@dataclass
class Rendering:
    """Renders each revision to what a test says."""

    objects: dict[str, Rendered]

    async def render(self, repository: Any, revision: str, paths: Any) -> Rendered:
        return self.objects[revision]


async def test_a_hook_job_that_changed_is_a_migration_without_a_note_unless_the_release_tells_of_some() -> None:
    world = World()
    rendered = {world.good: Rendered((hook("shop:1"),)), world.head: Rendered((hook("shop:2"),))}
    manifests: Any = Rendering(rendered)
    world.means = replace(world.means, manifests=manifests)
    (told,) = (await in_git(world)).unnoted
    assert told.startswith("the hook Job migrate runs shop:2 now in place of shop:1 (")
    says = await in_git(world, revisions=(revision(1), revision(2, "none")))
    assert says.unnoted == ()
    manifests.objects[world.good] = Rendered(None, "helm is not on PATH: install it")
    assert (await in_git(world)).unnoted == ()
    required = await in_git(world, required=True)
    assert required.unnoted[0] == "whether a hook Job changed cannot be told: helm is not on PATH: install it"
