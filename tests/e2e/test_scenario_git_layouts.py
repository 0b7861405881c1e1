"""One repository with five applications, plain and rendered: a revert changes what its own application alone is of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml

from tests.e2e import workloads
from tests.e2e.controlplane import Json, eventually
from tests.e2e.harness import Application, Daemon, ShopInGit, alongside
from tests.e2e.harness.git import renderers
from tests.e2e.harness.stage import Stage
from tests.e2e.through_git import reverts, rung

FIRST, GOOD, BAD = "1.8", "1.9", "1.10-err20"
VALUES = "mail/values-prod.yaml"
WITHIN = 60.0


def overlay(shop: ShopInGit, name: str, tag: str = "") -> Application:
    """A Kustomization on the shared base; with ``tag`` it sets another one."""
    return shop.add_rendered(name, f"shop/web:{FIRST}", overlay_files(name, tag))


def overlay_files(name: str, tag: str = "") -> dict[str, Json]:
    labels = [{"pairs": {"app": name}, "includeSelectors": True}]
    kustomization: Json = {"resources": ["../base"], "nameSuffix": name.removeprefix("web"), "labels": labels}
    if tag:
        kustomization["images"] = [{"name": "shop/web", "newTag": tag}]
    return {f"{name}/kustomization.yaml": kustomization}


def base_files(shop: ShopInGit, tag: str) -> dict[str, str]:
    web = workloads.deployment(shop.namespace, "web", f"shop/web:{tag}")
    kustomization = {"resources": ["workload.yaml"]}
    return {"base/workload.yaml": yaml.safe_dump(web), "base/kustomization.yaml": yaml.safe_dump(kustomization)}


def chart(shop: ShopInGit) -> Application:
    """A chart whose tag is in a value file."""
    manifest = workloads.deployment(shop.namespace, "mail", "shop/mail:{{ .Values.tag }}")
    files = {
        "mail/Chart.yaml": {"apiVersion": "v2", "name": "mail", "version": "1.0.0"},
        "mail/values.yaml": {"tag": "none"},
        VALUES: {"tag": FIRST},
        "mail/templates/workload.yaml": yaml.safe_dump(manifest),
    }
    return shop.add_rendered("mail", f"shop/mail:{FIRST}", files, helm={"valueFiles": ["values-prod.yaml"]})


def refresh(*applications: Application) -> None:
    for each in applications:
        each.refresh()


def waits(daemon: Daemon, application: Application) -> Json:
    """The decision whose pull request waits for a person."""

    def waiting() -> Json | None:
        newest = daemon.decides(application.service, action="roll_back", outcome=None)
        return newest if newest["git"]["link"] else None

    return eventually(waiting, 2 * WITHIN, f"a pull request for {application.name} waits")


@alongside
def test_a_bad_commit_is_reverted_in_its_own_path_and_one_on_the_shared_base_is_proposed(
    stage: Stage, shop_in_git: ShopInGit, measured: Callable[[str], None]
) -> None:
    shop, repository = shop_in_git, shop_in_git.repository
    daemon = stage.watch_git(**stage.with_forge)
    daemon.environment |= renderers(Path(repository.bare.parent))
    shop.commit("the base", base_files(shop, FIRST))
    cart = shop.add(workloads.deployment, "cart", "shop/cart:1.8", replicas=1)
    stock = shop.add(workloads.deployment, "stock", "shop/stock:1.8", replicas=1)
    eu, us, mail = overlay(shop, "web-eu"), overlay(shop, "web-us"), chart(shop)
    everybody, webs = (cart, stock, eu, us, mail), (eu, us)
    for each in (eu, us, mail):
        each.settles(repository.head())
    daemon.start()
    shop.commit("web: 1.9", base_files(shop, GOOD))
    good = shop.commit("mail: 1.9", {VALUES: {"tag": GOOD}})
    refresh(*everybody)
    for each in webs:
        daemon.passes(each.service, f"shop/web:{GOOD}")
    daemon.passes(mail.service, f"shop/mail:{GOOD}")

    mailed = shop.commit("mail: 1.10", {VALUES: {"tag": BAD}})
    refresh(*everybody)
    of_mail = daemon.restores(mail.service)
    overlaid = shop.commit("web-us: 1.10", overlay_files("web-us", BAD))
    refresh(*everybody)
    of_us = daemon.restores(us.service)
    assert [each["sha"] for each in of_mail["git"]["commits"]] == [mailed]
    assert [each["sha"] for each in of_us["git"]["commits"]] == [overlaid]
    assert {of_mail["durability"], of_us["durability"]} == {"durable"}
    assert repository.changed(of_mail["git"]["revision"]) == [VALUES]
    assert repository.changed(of_us["git"]["revision"]) == ["web-us/kustomization.yaml"]
    assert len(reverts(mail)) == 2
    assert all(repository.read(path) == repository.read(path, good) for path in repository.files())
    assert stage.pull_requests.pulls == []
    mail.service.serves(f"shop/mail:{GOOD}")
    us.service.serves(f"shop/web:{GOOD}")

    bad = shop.commit("web: 1.10", base_files(shop, BAD))
    refresh(*everybody)
    decisions = [waits(daemon, each) for each in webs]
    assert repository.head() == bad
    for application, decision, other in zip(webs, decisions, reversed(webs), strict=True):
        assert f"the same files go into {other.directory}" in rung(decision, "git")["reason"]
        assert decision["git"]["link"] in decision["remedy"]
        pull = next(each for each in stage.pull_requests.pulls if decision["git"]["link"].endswith(f"/{each.number}"))
        assert f"the same files go into {other.directory}" in pull.text
        assert repository.changed(repository.head(pull.branch)) == ["base/workload.yaml"]
        assert application.service.image == f"shop/web:{BAD}"

    stage.pull_requests.merge(1)
    refresh(*everybody)
    for each in webs:  # what the other pull request says is in Git too, as the next look of Argo CD finds
        ended = daemon.decides(each.service, outcome="restored", durability="durable")
        assert ended["remedy"] == ""
    for each in webs:
        each.service.serves(f"shop/web:{GOOD}")
    assert [daemon.decisions(each.service) for each in (cart, stock)] == [[], []]
    measured(
        f"five applications: a chart proven {of_mail['restored_at'] - of_mail['decided_at']:.1f} s, an overlay "
        f"{of_us['restored_at'] - of_us['decided_at']:.1f} s after the decision"
    )
