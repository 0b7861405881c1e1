from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.core.applications import CART, NEW, OLD, REPO, SOURCE, an_application, an_entry, merged, of_sources
from watcher.core.gitops import Application, Deployed, GitSource
from watcher.core.keepers import argocd
from watcher.core.keepers.argo_sources import followed, sources_of
from watcher.core.model import Workload
from watcher.core.words import Kind

Json = dict[str, Any]


def at(hour: int, minute: int, day: int = 2) -> float:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC).timestamp()


def spec(**changes: Any) -> Json:
    return an_application({"spec": changes})


def test_an_application_is_read_as_argo_cd_writes_it() -> None:
    assert argocd.application(an_application()) == Application(
        tool="argocd",
        name="argocd/cart",
        sources=(GitSource(REPO, "main", NEW, ("apps/cart",)),),
        automated=True,
        self_heal=True,
        synced=True,
        healthy=True,
        reconciled=at(10, 5),
        history=(Deployed((OLD,), at(9, 0, day=1)), Deployed((NEW,), at(10, 0))),
    )


def test_what_it_keeps_is_what_it_lists_of_workloads() -> None:
    rollout = {"group": "argoproj.io", "kind": "Rollout", "name": "search"}
    keeper = argocd.keeper(an_application({"status": {"resources": [CART, rollout, {"kind": "Deployment"}]}}))
    assert keeper.keeps == frozenset(
        {Workload(Kind.DEPLOYMENT, "shop", "cart"), Workload(Kind.ROLLOUT, "shop", "search")}
    )
    assert keeper.here
    assert argocd.keeper(an_application({"status": {"resources": None}})).keeps is None


@pytest.mark.parametrize(
    ("destination", "here"),
    [
        ({"server": "https://kubernetes.default.svc"}, True),
        ({"server": None, "name": "in-cluster"}, True),
        ({"server": "https://10.0.0.7:6443"}, False),
        ({"server": None, "name": "prod-eu"}, False),
        ({"server": None}, False),
    ],
)
def test_it_is_here_only_where_it_says_so(destination: Json, here: bool) -> None:
    assert argocd.keeper(spec(destination=destination)).here is here
    assert argocd.keeper(spec(destination={"name": "prod"}), frozenset({"prod"})).here


@pytest.mark.parametrize(
    ("target", "branch"),
    [
        ("", "HEAD"),
        ("HEAD", "HEAD"),
        ("main", "main"),
        ("refs/heads/env/prod", "env/prod"),
        ("release-1.2", "release-1.2"),
        ("v1.2.3", ""),
        ("1.x", ""),
        (">=1.0.0 <2.0.0", ""),
        ("*", ""),
        ("refs/tags/stable", ""),
        ("refs/pull/17/head", ""),
        ("refs/merge-requests/17/head", ""),
        (NEW, ""),
        (NEW[:7], ""),
    ],
)
def test_only_a_branch_is_followed(target: str, branch: str) -> None:
    found, fixed = followed(target)
    assert found == branch
    assert bool(fixed) is not bool(branch)


@pytest.mark.parametrize(
    ("source", "annotation", "paths"),
    [
        ({"path": "."}, "", ("",)),
        ({"path": "./apps//cart/"}, "", ("apps/cart",)),
        ({"path": "/apps/cart"}, "", ("apps/cart",)),
        (
            {"path": "apps/cart/overlays/prod"},
            "../../base;/shared",
            ("apps/cart/overlays/prod", "apps/cart/base", "shared"),
        ),
        ({"path": "apps/cart"}, ".", ("apps/cart",)),
        ({"path": "apps/cart"}, "..", ("apps/cart", "apps")),
        (
            {"helm": {"valueFiles": ["values-prod.yaml", "../../env/prod.yaml", "a.yaml"]}},
            "/shared",
            ("apps/cart", "apps/cart/values-prod.yaml", "env/prod.yaml", "apps/cart/a.yaml", "shared"),
        ),
        ({"helm": {"valueFiles": ["/env/prod.yaml", "https://x.example/v.yaml"]}}, "", ("apps/cart", "env/prod.yaml")),
        ({"helm": {"valueFiles": ["../v-$ARGOCD_APP_NAME.yaml"]}}, "", ("apps/cart",)),
        ({"helm": {"fileParameters": [{"name": "a", "path": "../a.txt"}]}}, "", ("apps/cart", "apps/a.txt")),
        ({"kustomize": {"components": ["../../components/ha"]}}, "", ("apps/cart", "components/ha")),
        ({"helm": {"valueFiles": ["../../../../etc/passwd"]}}, "", ("apps/cart",)),
    ],
)
def test_paths_are_all_that_it_names(source: Json, annotation: str, paths: tuple[str, ...]) -> None:
    marks = {"argocd.argoproj.io/manifest-generate-paths": annotation}
    raw = an_application({"metadata": {"annotations": marks}, "spec": {"source": source}})
    (found,) = sources_of(raw)
    assert found.paths == paths


@pytest.mark.parametrize(
    ("helm", "beyond"),
    [
        ({"valueFiles": ["values-prod.yaml", "/env/prod.yaml"]}, ""),
        ({"releaseName": "cart"}, ""),
        ({"parameters": [{"name": "a", "value": "b"}]}, "helm.parameters"),
        ({"values": "a: b", "valuesObject": {"a": "b"}}, "helm.values, helm.valuesObject"),
        ({"valueFiles": ["$values/prod.yaml"]}, "helm.valueFiles $values/prod.yaml"),
        ({"valueFiles": ["https://me:secret@x.example/v.yaml"]}, "helm.valueFiles https://x.example/v.yaml"),
        ({"valueFiles": ["$ARGOCD_APP_NAME.yaml"]}, "helm.valueFiles $ARGOCD_APP_NAME.yaml"),
    ],
)
def test_values_that_are_not_in_its_own_repository_are_named(helm: Json, beyond: str) -> None:
    (found,) = argocd.application(an_application({"spec": {"source": {"helm": helm}}})).sources
    assert found.beyond == beyond


def test_value_files_of_a_chart_belong_to_the_repository_they_are_in() -> None:
    chart = {
        "repoURL": "https://charts.example.com",
        "chart": "cart",
        "targetRevision": "1.2.3",
        "helm": {"valueFiles": ["$values/cart/prod.yaml", "$other/x.yaml"]},
    }
    raw = of_sources(chart, {"repoURL": REPO, "targetRevision": "main", "ref": "values"})
    found = argocd.application(raw)
    assert found.sources == (GitSource(REPO, "main", f"1{NEW[1:]}", ("cart/prod.yaml",)),)
    assert found.refused == ""


def test_a_sync_of_another_chart_is_none_that_a_commit_brings_back() -> None:
    chart = {"repoURL": "https://charts.example.com", "chart": "cart", "helm": {"valueFiles": ["$values/prod.yaml"]}}
    raw = of_sources(chart, {"repoURL": REPO, "targetRevision": "main", "ref": "values"})
    assert [each.revisions for each in argocd.application(raw).history] == [(f"1{NEW[1:]}",)]
    raw["status"]["history"][0]["revisions"][0] = raw["status"]["history"][1]["revisions"][0]
    assert [each.revisions for each in argocd.application(raw).history] == [(f"1{OLD[1:]}",), (f"1{NEW[1:]}",)]


def test_of_several_sources_those_that_follow_a_branch_count() -> None:
    raw = of_sources(SOURCE, {**SOURCE, "path": "apps/fixed", "targetRevision": NEW}, {**SOURCE, "path": "apps/web"})
    found = argocd.application(raw)
    assert [(each.paths, each.deployed[0]) for each in found.sources] == [(("apps/cart",), "0"), (("apps/web",), "2")]
    assert found.history == (Deployed((f"0{NEW[1:]}", f"2{NEW[1:]}"), at(10, 0)),), "the fixed one was another before"


def test_syncs_of_another_path_are_left_out() -> None:
    entry = an_entry(0, OLD, "2026-11-01T09:00:00Z", "2026-11-01T09:00:02Z", {**SOURCE, "path": "old/cart"})
    raw = an_application({"status": {"history": [entry]}})
    assert argocd.application(raw).history == ()


def test_an_old_entry_has_no_start() -> None:
    raw = an_application()
    del raw["status"]["history"][0]["deployStartedAt"]
    assert argocd.application(raw).history[0].at == at(9, 0, day=1) + 2


def test_out_of_sync_it_is_at_its_last_sync_not_at_what_it_was_compared_with() -> None:
    raw = an_application({"status": {"sync": {"status": "OutOfSync", "revision": "3" * 40}}})
    found = argocd.application(raw)
    assert (found.sources[0].deployed, found.synced) == (NEW, False)
    assert argocd.application(merged(raw, {"status": {"history": None}})).sources[0].deployed == ""


@pytest.mark.parametrize(
    ("policy", "automated", "self_heal"),
    [
        (None, False, False),
        ({}, False, False),
        ({"automated": {}}, True, False),
        ({"automated": {"selfHeal": True}}, True, True),
        ({"automated": {"selfHeal": True, "enabled": False}}, False, False),
        ({"automated": {"selfHeal": True, "enabled": True}}, True, True),
    ],
)
def test_automation(policy: Json | None, automated: bool, self_heal: bool) -> None:
    raw = an_application()
    raw["spec"]["syncPolicy"] = policy
    found = argocd.application(raw)
    assert (found.automated, found.self_heal) == (automated, self_heal)


@pytest.mark.parametrize(
    ("change", "syncing"),
    [
        ({}, False),
        ({"operation": {"sync": {"revision": NEW}}}, True),
        ({"status": {"operationState": {"phase": "Running"}}}, True),
        ({"status": {"operationState": {"phase": "Terminating"}}}, True),
        ({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}, True),
    ],
)
def test_syncing_is_all_that_may_change_it_now(change: Json, syncing: bool) -> None:
    assert argocd.application(an_application(change)).syncing is syncing


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"operationState": {"phase": "Failed", "message": "one or more objects\nfailed to apply"}},
            "one or more objects failed",
        ),
        ({"operationState": {"phase": "Running", "message": "waiting for healthy state of apps/Deployment/cart"}}, ""),
        (
            {"operationState": {"phase": "Running", "message": "Sync operation blocked by sync window"}},
            "blocked by sync window",
        ),
        (
            {"conditions": [{"type": "ComparisonError", "message": "unable to resolve 'main'"}]},
            "ComparisonError: unable to",
        ),
        ({"conditions": [{"type": "SharedResourceWarning", "message": "shared"}]}, ""),
    ],
)
def test_the_message_is_of_what_failed(change: Json, message: str) -> None:
    found = argocd.application(an_application({"status": change})).message
    assert message in found
    assert bool(found) is bool(message)


@pytest.mark.parametrize(
    ("metadata", "parent"),
    [
        ({}, ""),
        (
            {"ownerReferences": [{"kind": "ApplicationSet", "name": "shops", "controller": True}]},
            "ApplicationSet/shops",
        ),
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "root:argoproj.io/Application:argocd/cart"}},
            "Application/root",
        ),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "root:argoproj.io/Application:argocd/other"}}, ""),
        ({"labels": {"app.kubernetes.io/instance": "root"}}, "Application/root"),
        ({"labels": {"app.kubernetes.io/instance": "cart"}}, ""),
        (
            {
                "labels": {
                    "kustomize.toolkit.fluxcd.io/name": "apps",
                    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
                }
            },
            "Kustomization/flux-system/apps",
        ),
    ],
)
def test_the_parent_is_what_would_undo_a_change_of_it(metadata: Json, parent: str) -> None:
    assert argocd.application(an_application({"metadata": metadata})).parent == parent


SET = {"ownerReferences": [{"kind": "ApplicationSet", "name": "shops"}]}
BY_SET = {"operation": {"initiatedBy": {"username": "applicationset-controller", "automated": True}}}
UPDATER = "argocd-image-updater.argoproj.io"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (an_application(), ""),
        (an_application({"metadata": {"deletionTimestamp": "2026-11-02T10:00:00Z"}}), "being deleted"),
        (
            an_application({"metadata": {"annotations": {"argocd.argoproj.io/skip-reconcile": "true"}}}),
            "skip-reconcile",
        ),
        (
            spec(source=None, sourceHydrator={"drySource": {"repoURL": REPO, "path": "dry", "targetRevision": "main"}}),
            f"revert in the dry source, path dry of {REPO}",
        ),
        (
            an_application({"metadata": {"annotations": {"kargo.akuity.io/authorized-stage": "shop:prod"}}}),
            "stage shop:prod",
        ),
        (spec(source={"repoURL": "oci://registry.example.com/deploy", "path": "."}), "an OCI registry alone"),
        (
            spec(
                source={"repoURL": "https://charts.example.com", "chart": "cart", "path": None, "targetRevision": "1.2"}
            ),
            "a Helm repository alone (chart cart 1.2)",
        ),
        (
            spec(source={"repoURL": "registry.example.com/charts", "chart": "cart", "path": None}),
            "an OCI registry alone",
        ),
        (spec(source=None), "it has no source"),
        (spec(source={"targetRevision": "refs/pull/17/head"}), "a preview of pull request 17"),
        (spec(source={"targetRevision": "v1.2.3"}), "fixed to the version v1.2.3"),
        (spec(source={"targetRevision": NEW}), "fixed to the commit 222222222222,"),
        (merged(spec(source={"targetRevision": NEW}), {"metadata": SET}), "(a preview environment, perhaps)"),
        (spec(source={"path": "../elsewhere"}), "names a path within its repository"),
        (an_application({"metadata": {"annotations": {f"{UPDATER}/image-list": "shop/cart"}}}), "ignore-tags"),
        (
            an_application(
                {"metadata": {"annotations": {f"{UPDATER}/image-list": "a=b", f"{UPDATER}/write-back-method": "git:x"}}}
            ),
            "",
        ),
        (
            an_application(
                {"metadata": SET, "spec": {"syncPolicy": None}, "status": {"operationState": BY_SET}},
            ),
            "ApplicationSet/shops syncs it step by step",
        ),
        (an_application({"metadata": SET, "spec": {"syncPolicy": {"automated": {"enabled": False}}}}), "step by step"),
        (an_application({"metadata": SET, "spec": {"syncPolicy": None}}), ""),
        (an_application({"metadata": SET}), ""),
    ],
)
def test_what_is_refused_says_what_a_person_should_do(raw: Json, reason: str) -> None:
    found = argocd.application(raw).refused
    assert reason in found
    assert bool(found) is bool(reason)


@pytest.mark.parametrize(
    ("source", "overridden"),
    [
        ({"kustomize": {"images": ["shop/cart:2.5.0"]}}, "kustomize.images shop/cart:2.5.0"),
        (
            {"helm": {"parameters": [{"name": "image.tag", "value": "2.5.0"}, {"name": "replicas", "value": "3"}]}},
            "helm.parameters image.tag",
        ),
        ({"helm": {"valuesObject": {"cart": {"image": {"tag": "1"}}}}}, "helm.valuesObject"),
        ({"helm": {"valuesObject": {"storage": {"size": "1"}}}}, ""),
        ({"helm": {"values": "replicas: 3\nimage:\n  tag: 2.5.0\n"}}, "helm.values"),
        ({"helm": {"values": "replicas: 3\n# image: x\n"}}, ""),
    ],
)
def test_what_it_sets_itself_is_named(source: Json, overridden: str) -> None:
    assert argocd.application(spec(source=source)).overridden == overridden


def test_our_own_pin_still_tells_the_branch() -> None:
    marks = {"watcher.dev/bridge": "d-1", "watcher.dev/bridge-from": "main", "watcher.dev/bridge-to": OLD}
    raw = an_application({"metadata": {"annotations": marks}, "spec": {"source": {"targetRevision": OLD}}})
    found = argocd.application(raw)
    assert (found.pinned, found.pinned_from, found.refused, found.sources[0].branch) == ("d-1", "main", "", "main")
    moved = argocd.application(merged(raw, {"spec": {"source": {"targetRevision": NEW}}}))
    assert "fixed to the commit" in moved.refused


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://bot:secret@git.example.com/a.git?token=x", "https://git.example.com/a.git"),
        ("ssh://git:secret@git.example.com/a.git", "ssh://git@git.example.com/a.git"),
        ("git@git.example.com:a.git", "git@git.example.com:a.git"),
        ("https://[::1/a.git", ""),
    ],
)
def test_no_url_shows_credentials(url: str, shown: str) -> None:
    hydrated = spec(source=None, sourceHydrator={"drySource": {"repoURL": url}})
    assert "secret" not in argocd.application(hydrated).refused
    assert argocd.application(spec(source={"repoURL": url})).sources[0].repo == shown


@pytest.mark.parametrize("value", [None, "x", 7, [], [None, 7, "x", {}], {}, {"a": {"b": []}}, True])
@pytest.mark.parametrize(
    "place",
    [
        ("metadata", "annotations"), ("metadata", "labels"), ("metadata", "ownerReferences"), ("spec",), ("status",),
        ("spec", "source"), ("spec", "sources"), ("spec", "source", "helm"), ("spec", "source", "repoURL"),
        ("spec", "source", "targetRevision"), ("spec", "source", "kustomize"), ("spec", "destination"),
        ("spec", "syncPolicy"), ("spec", "syncPolicy", "automated"), ("spec", "sourceHydrator"), ("operation",),
        ("status", "sync"), ("status", "sync", "revision"), ("status", "history"), ("status", "resources"),
        ("status", "conditions"), ("status", "operationState"), ("status", "reconciledAt"), ("status", "health"),
    ],
)  # fmt: skip
def test_odd_shapes_read_as_absent(place: tuple[str, ...], value: object) -> None:
    raw = an_application()
    holder = raw
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    assert argocd.keeper(raw).application.name == "argocd/cart"


def test_what_has_no_name_is_no_application() -> None:
    with pytest.raises(ValueError, match="no name"):
        argocd.keeper({"metadata": {"namespace": "argocd"}})
