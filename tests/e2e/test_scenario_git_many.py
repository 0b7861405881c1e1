"""One commit that breaks three workloads of one application: it is taken back once, and all three are restored."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from tests.e2e import workloads
from tests.e2e.controlplane import GitServer, Json
from tests.e2e.controlplane.held_requests import is_push
from tests.e2e.harness import Application, Daemon, Service, ShopInGit, alongside
from tests.e2e.through_git import reverts, steps

NAMES = ("cart", "pay", "search")
FIRST, GOOD, BAD = "1.8", "1.9", "1.10-err12"


def commit(application: Application, services: list[Service], tag: str) -> str:
    """Somebody commits all three with another tag; returns the sha."""
    files = {}
    for service in services:
        service.manifest = workloads.with_image(service.manifest, image(service, tag))
        files[f"{application.directory}/{service.name}.yaml"] = yaml.safe_dump(service.manifest)
    return application.repository.commit(f"shop {tag}", files)


def image(service: Service, tag: str) -> str:
    return f"shop/{service.name}:{tag}"


@alongside
def test_one_commit_that_breaks_three_workloads_is_reverted_once(
    shop_in_git: ShopInGit, git_watcher: Daemon, forge: GitServer, measured: Callable[[str], None]
) -> None:
    """The push is held until all three are decided on: else its sync is mostly faster than the other decisions."""
    plane, space = shop_in_git.argocd.plane, shop_in_git.namespace
    services = [Service(plane, workloads.deployment(space, name, f"shop/{name}:{FIRST}")) for name in NAMES]
    shop = Application(services[0], shop_in_git.repository, shop_in_git.url)
    shop_in_git.applications.append(shop)
    commit(shop, services, FIRST)
    shop.create(automated=True)
    shop.settles(shop.repository.head())
    all_serve(services, FIRST)
    git_watcher.start()
    good = commit(shop, services, GOOD)
    shop.refresh()
    for service in services:
        git_watcher.passes(service, image(service, GOOD))

    push = forge.hold(is_push)
    bad = commit(shop, services, BAD)
    shop.refresh()
    push.wait()
    for service in services:
        decided = git_watcher.decides(service, action="roll_back")
        assert len(decided["siblings"]) == len(NAMES) - 1, decided
    push.let_go()
    decisions = {service.name: git_watcher.restores(service) for service in services}
    all_serve(services, GOOD)

    (revert,) = reverts(shop)
    assert [each.sha for each in shop.repository.log()][:3] == [revert.sha, bad, good]
    assert all(same(shop, service, revert.sha, good) for service in services)
    (first,) = [each for each in decisions.values() if each["id"] in revert.message]
    for name, decision in decisions.items():
        assert (decision["durability"], decision["remedy"]) == ("durable", ""), name
        assert decision["git"]["revision"] == revert.sha, name
        assert decision is first or first["id"] in str(decision), decision
    shop.settles(revert.sha)
    for name, decision in decisions.items():
        measured(f"one commit, three workloads: {name}: {steps(decision)}")


def all_serve(services: list[Service], tag: str) -> None:
    for service in services:
        service.serves(image(service, tag))


def same(application: Application, service: Service, one: str, other: str) -> bool:
    path = f"{application.directory}/{service.name}.yaml"
    found: list[Json] = [yaml.safe_load(application.repository.read(path, each)) for each in (one, other)]
    return bool(found[0] == found[1])
