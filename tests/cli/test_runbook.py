"""`watcher runbook` as a command, against the embedded cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.doctor.test_command import Here, playing
from watcher.cli.application import application
from watcher.cli.exits import Exit
from watcher.sandbox.kubernetes.kubeconfig import write_kubeconfig

CART = "Deployment/shop/cart"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with playing(tmp_path_factory.mktemp("world")) as urls:
        yield urls


@pytest.fixture
def here(served: tuple[str, str], tmp_path: Path) -> Here:
    return Here(tmp_path, *served)


def runbook(here: Here, *arguments: str) -> Result:
    environment = {"WATCHER_CONFIG": None, "WATCHER_KUBECONFIG": str(here.kubeconfig)}
    return CliRunner().invoke(application, ["runbook", *arguments], env=environment)


def test_a_page_for_people(here: Here) -> None:
    result = runbook(here, CART, "--kubeconfig", str(here.kubeconfig))
    assert result.exit_code == Exit.OK, result.output
    assert result.stdout.startswith(f"# Runbook: {CART}")
    assert f"kubectl --kubeconfig={here.kubeconfig} --namespace=shop rollout history deployment/cart" in result.stdout
    assert "the cluster keeps no other revision" in result.stdout
    assert "promql" not in result.stdout


def test_with_thresholds_it_has_the_checks(here: Here) -> None:
    result = runbook(here, CART, "--config", str(here.config))
    assert "```promql\nsum(rate(http_requests_total{" in result.stdout


def test_a_document_for_programs(here: Here) -> None:
    body = json.loads(runbook(here, CART, "-o", "json").stdout)
    assert body["workload"] == CART
    assert body["unseen"] == []
    assert [each["number"] for each in body["revisions"]] == [1]


def test_what_is_not_there(here: Here) -> None:
    result = runbook(here, "Deployment/shop/nothing")
    assert (result.exit_code, result.stdout) == (Exit.FAILED, "")
    assert "there is no Deployment/shop/nothing in this cluster" in result.stderr


def test_a_cluster_that_does_not_answer(here: Here) -> None:
    write_kubeconfig(here.kubeconfig, "http://127.0.0.1:1", None, "default")
    assert runbook(here, CART).exit_code == Exit.UNREACHABLE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cart",), "does not name a workload"),
        ((CART, "--config", "/nowhere.yaml"), "/nowhere.yaml:1:1 cannot be read"),
    ],
)
def test_what_makes_no_sense_is_said(here: Here, arguments: tuple[str, ...], said: str) -> None:
    result = runbook(here, *arguments)
    assert (result.exit_code, result.stdout) == (Exit.INVALID, "")
    assert said in result.stderr
