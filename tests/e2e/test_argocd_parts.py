"""Argo CD itself: what the scenarios build on, beyond what tests/contract/argocd asks of the simulated one too."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import yaml

from tests.e2e import workloads
from tests.e2e.controlplane import ArgoCD, GitServer, Json, eventually
from tests.e2e.harness import Application, ShopInGit, alongside

GOOD, BAD = "shop/cart:1.8", "shop/cart:1.9-err20"
WITHIN = 60.0  # seconds; far more than is needed on an idle machine


def test_a_commit_is_deployed_after_a_refresh(shop_in_git: ShopInGit, measured: Callable[[str], None]) -> None:
    began = time.monotonic()
    cart = shop_in_git.deploy(workloads.deployment, "cart", GOOD)
    created = time.monotonic() - began
    first = shop_in_git.repository.head()
    tracking = cart.service.live["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"]
    assert tracking == f"{cart.name}:apps/Deployment:{cart.service.namespace}/cart"

    second, began = cart.release(BAD), time.monotonic()
    cart.refresh()
    cart.settles(second)
    settled = time.monotonic() - began
    cart.service.serves(BAD)
    assert cart.history == [first, second]
    measured(
        f"Argo CD: Synced, Healthy and serving {created:.1f} s after a first commit, {settled:.1f} s after a refresh"
    )


def test_a_repository_may_be_a_file_url(shop_in_git: ShopInGit, argocd: ArgoCD) -> None:
    repository = shop_in_git.repository
    shop = ShopInGit(argocd, repository, shop_in_git.namespace, repository.file_url)
    shop.deploy(workloads.deployment, "cart", GOOD)
    shop.close()


def test_a_wrong_token_is_seen_in_the_conditions(shop_in_git: ShopInGit, argocd: ArgoCD) -> None:
    argocd.give_access(shop_in_git.url, "wrong")
    cart = shop_in_git.add(workloads.deployment, "cart", GOOD)

    assert "authentication" in eventually(lambda: complaint(cart), WITHIN, "it cannot compare").lower()


def complaint(application: Application) -> str:
    """Why it cannot compare; empty while it can."""
    conditions = application.live.get("status", {}).get("conditions", [])
    return " ".join(each["message"] for each in conditions if each["type"] == "ComparisonError")


def test_kustomize_is_rendered(shop_in_git: ShopInGit) -> None:
    images = [{"name": "shop/cart", "newTag": "1.8.1"}]
    overlay = yaml.safe_dump({"resources": ["workload.yaml"], "images": images})
    shop_in_git.repository.commit("the tag is in an overlay", {"cart/kustomization.yaml": overlay})
    cart = shop_in_git.add(workloads.deployment, "cart", GOOD)
    cart.settles(shop_in_git.repository.head())
    cart.service.serves("shop/cart:1.8.1")


def test_a_chart_is_rendered(shop_in_git: ShopInGit) -> None:
    manifest = workloads.deployment(shop_in_git.namespace, "cart", "shop/cart:{{ .Values.tag }}")
    chart = {
        "cart/Chart.yaml": yaml.safe_dump({"apiVersion": "v2", "name": "cart", "version": "1.0.0"}),
        "cart/values.yaml": 'tag: "1.8.2"\n',
        "cart/templates/workload.yaml": yaml.safe_dump(manifest),
    }
    shop_in_git.repository.commit("the tag is a value", chart)
    cart = shop_in_git.add(workloads.deployment, "cart", GOOD)
    cart.settles(shop_in_git.repository.head())
    cart.service.serves("shop/cart:1.8.2")


def test_its_api_server_refuses_a_rollback_while_it_syncs_by_itself(shop_in_git: ShopInGit, argocd: ArgoCD) -> None:
    cart = shop_in_git.deploy(workloads.deployment, "cart", GOOD)
    token = argocd.role_token("applications, get, default/*, allow", "applications, sync, default/*, allow")

    def ask(method: str, path: str, body: Json | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{argocd.url}/api/v1/applications/{cart.name}{path}"
        return httpx.request(method, url, json=body, headers=headers, trust_env=False, timeout=30)

    assert ask("GET", "").json()["status"]["sync"]["status"] == "Synced"
    refused = ask("POST", "/rollback", {"id": 0})
    assert refused.status_code == 400
    assert "auto-sync" in refused.json()["message"]


def test_a_git_server_that_is_down_is_seen_and_outlived(shop_in_git: ShopInGit, forge: GitServer) -> None:
    cart = shop_in_git.deploy(workloads.deployment, "cart", GOOD)
    forge.stop()
    cart.refresh()
    assert "connect" in eventually(lambda: complaint(cart), WITHIN, "it cannot compare").lower()
    forge.start()
    second = cart.release(BAD)
    cart.refresh()
    cart.settles(second)


@alongside
def test_argo_cd_serves_a_scenario_that_is_played_alongside(shop_in_git: ShopInGit) -> None:
    cart = shop_in_git.deploy(workloads.deployment, "cart", GOOD)
    assert cart.history == [shop_in_git.repository.head()]
