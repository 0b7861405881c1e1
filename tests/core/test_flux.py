from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.core.applications import NEW, OLD, REPO, a_git_repository, a_helm_release, a_kustomization, a_snapshot
from watcher.core.gitops import Application, Deployed, GitSource
from watcher.core.keepers import flux

Json = dict[str, Any]
DEPLOY = flux.git_repository(a_git_repository())


def kustomization(change: Json | None = None, repository: Json | None = None) -> Application:
    return flux.on(flux.kustomization(a_kustomization(change)), flux.git_repository(a_git_repository(repository)))


def helm_release(change: Json | None = None) -> Application:
    return flux.on(flux.helm_release(a_helm_release(change)), DEPLOY)


def at(hour: int, minute: int, day: int = 2) -> float:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC).timestamp()


def test_a_kustomization_is_read_as_flux_writes_it() -> None:
    assert flux.kustomization(a_kustomization()).source == DEPLOY.name == "flux-system/deploy"
    assert kustomization() == Application(
        tool="flux-kustomize",
        name="flux-system/shop",
        sources=(GitSource(REPO, "main", NEW, ("apps/cart",)),),
        automated=True,
        self_heal=True,
        synced=True,
        healthy=True,
        reconciled=at(10, 20),
        history=(Deployed((OLD,), at(9, 0, day=1)), Deployed((NEW,), at(10, 0))),
    )


def test_a_helm_release_is_read_as_flux_writes_it() -> None:
    found = helm_release()
    paths = ("charts/cart", "charts/cart/values.yaml", "values/prod.yaml")
    assert found.sources == (GitSource(REPO, "main", NEW[:12], paths, beyond="spec.values"),)
    assert (found.tool, found.name, found.automated, found.self_heal) == ("flux-helm", "shop/cart", True, True)
    assert (found.refused, found.overridden) == ("", "")
    assert not helm_release({"spec": {"driftDetection": {"mode": "warn"}}}).self_heal


@pytest.mark.parametrize(
    ("revision", "commit"),
    [(f"main@sha1:{NEW}", NEW), (f"main/{NEW}", NEW), (f"sha1:{NEW}", NEW), (f"env/prod@sha1:{NEW}", NEW), ("", "")],
)
def test_the_commit_of_a_revision(revision: str, commit: str) -> None:
    assert flux.commit_of(revision) == commit


@pytest.mark.parametrize(
    ("reference", "branch", "fixed"),
    [
        ({"branch": "prod"}, "prod", ""),
        ({"branch": None}, "master", ""),
        ({"name": "refs/heads/prod"}, "prod", ""),
        ({"name": "refs/pull/1/head"}, "", "the reference refs/pull/1/head"),
        ({"tag": "v1"}, "", "tag v1"),
        ({"semver": ">=1.0"}, "", "semver >=1.0"),
        ({"commit": NEW}, "", f"commit {NEW}"),
    ],
)
def test_what_a_repository_follows(reference: Json, branch: str, fixed: str) -> None:
    found = flux.git_repository(a_git_repository({"spec": {"ref": reference}}))
    assert (found.branch, found.fixed) == (branch, fixed)
    refused = flux.on(flux.kustomization(a_kustomization()), found).refused
    assert bool(refused) is bool(fixed)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (kustomization({"spec": {"suspend": True}}), "flux resume kustomization shop -n flux-system"),
        (kustomization({"spec": {"kubeConfig": {"secretRef": {"name": "prod"}}}}), "another cluster"),
        (kustomization({"spec": {"sourceRef": {"kind": "OCIRepository"}}}), "rendered from OCIRepository deploy"),
        (kustomization({"spec": {"sourceRef": {"kind": "Bucket"}}}), "not from Git"),
        (kustomization({"metadata": {"deletionTimestamp": "2026-11-02T10:00:00Z"}}), "being deleted"),
        (kustomization(repository={"spec": {"suspend": True}}), "GitRepository flux-system/deploy is suspended"),
        (flux.on(flux.kustomization(a_kustomization()), None), "GitRepository flux-system/deploy cannot be seen"),
        (helm_release({"spec": {"chart": {"spec": {"sourceRef": {"kind": "HelmRepository"}}}}}), "not from Git"),
        (
            helm_release({"spec": {"chart": None, "chartRef": {"kind": "OCIRepository", "name": "c"}}}),
            "OCIRepository c",
        ),
        (
            helm_release({"spec": {"chart": {"spec": {"reconcileStrategy": "ChartVersion"}}}}),
            "reconcileStrategy Revision",
        ),
        (helm_release({"spec": {"suspend": True}}), "flux resume helmrelease cart -n shop"),
        (helm_release({"spec": {"suspend": True}, "metadata": {"annotations": {"watcher.dev/bridge": "d-1"}}}), ""),
    ],
)
def test_what_is_refused_says_what_a_person_should_do(found: Application, reason: str) -> None:
    assert reason in found.refused
    assert bool(found.refused) is bool(reason)


def test_what_is_set_past_git_is_named() -> None:
    assert kustomization({"spec": {"images": [{"name": "shop/cart", "newTag": "2"}]}}).overridden == (
        "spec.images shop/cart"
    )
    assert helm_release({"spec": {"values": {"image": {"tag": "2"}}}}).overridden == "spec.values"


NOT_READY = {"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "kustomize build failed"}


@pytest.mark.parametrize(
    ("change", "synced", "syncing", "message"),
    [
        ({}, True, False, ""),
        ({"metadata": {"generation": 3}}, False, True, ""),
        ({"status": {"lastAttemptedRevision": f"main@sha1:{OLD}"}}, False, False, ""),
        ({"status": {"conditions": [NOT_READY]}}, False, False, "BuildFailed: kustomize build failed"),
        ({"status": {"conditions": [{"type": "Reconciling", "status": "True"}]}}, False, True, ""),
        ({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}}, True, True, ""),
        (
            {
                "metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}},
                "status": {"lastHandledReconcileAt": "now"},
            },
            True,
            False,
            "",
        ),
    ],
)
def test_where_it_stands(change: Json, synced: bool, syncing: bool, message: str) -> None:
    found = kustomization(change)
    assert (found.synced, found.syncing, found.message) == (synced, syncing, message)


def test_what_failed_to_apply_was_never_deployed() -> None:
    failed = a_snapshot("3" * 40, "2026-11-03T10:00:00Z", "2026-11-03T10:00:00Z", "HealthCheckFailed")
    found = kustomization({"status": {"history": [failed, *a_kustomization()["status"]["history"]]}})
    assert [each.revisions for each in found.history] == [(OLD,), (NEW,)]


def test_a_broken_repository_is_told() -> None:
    found = kustomization(repository={"status": {"conditions": [{**NOT_READY, "reason": "GitOperationFailed"}]}})
    assert found.message == "GitRepository flux-system/deploy: GitOperationFailed: kustomize build failed"


@pytest.mark.parametrize("value", [None, "x", 7, [None, 7, "x", {}], {"a": {"b": []}}])
@pytest.mark.parametrize(
    "place",
    [
        ("metadata", "annotations"), ("spec",), ("status",), ("spec", "sourceRef"), ("spec", "chart"),
        ("spec", "path"), ("spec", "components"), ("spec", "images"), ("spec", "values"), ("spec", "ref"),
        ("status", "conditions"), ("status", "history"), ("status", "lastAppliedRevision"),
    ],
)  # fmt: skip
def test_odd_shapes_read_as_absent(place: tuple[str, ...], value: object) -> None:
    readings: tuple[tuple[Json, Callable[[Json], str]], ...] = (
        (a_kustomization(), lambda raw: flux.on(flux.kustomization(raw), DEPLOY).name),
        (a_helm_release(), lambda raw: flux.on(flux.helm_release(raw), DEPLOY).name),
        (a_git_repository(), lambda raw: flux.git_repository(raw).name),
    )
    for raw, read in readings:
        holder = raw
        for key in place[:-1]:
            holder = holder.setdefault(key, {})
        holder[place[-1]] = value
        assert read(raw) == f"{raw['metadata']['namespace']}/{raw['metadata']['name']}"
