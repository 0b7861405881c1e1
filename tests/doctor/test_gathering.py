"""The preflight against the embedded cluster and metrics source: what is asked, and what becomes of the answers."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.doctor.world import READING, Json, about, ids, world
from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.doctor.finding import Severity
from watcher.sandbox.kubernetes.authorization import EVERYTHING

pytestmark = pytest.mark.looptime(noop_cycles=10)  # a few turns for what is on its way through a socket


async def test_nothing_is_found_where_nothing_is_wrong(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.counts(await here.deploy("cart"))
        report = await here.examined()
        assert [each.what for each in report.findings] == []
        (cart,) = report.workloads
        assert (cart.workload, str(cart.sight)) == ("Deployment/shop/cart", "watchable")
        assert str(cart.way).startswith("undo about ")
        (main,) = report.sources
        assert (main.interval, main.answers, main.problem) == (15.0, 1, "")
        assert main.version.startswith("rollback-watcher embedded metrics source")
        assert report.worst is None


async def test_defects_of_workloads_are_found_and_their_clean_neighbours_left_alone(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.counts(await here.deploy("clean"))
        here.counts(await here.deploy("latest", "shop/latest"))
        here.counts(await here.deploy("forgetful", revisionHistoryLimit=0))
        here.counts(await here.deploy("unready", container={"readinessProbe": None}))
        here.counts(await here.deploy("alone", replicas=1, strategy={"type": "Recreate"}))
        here.counts(await here.deploy("late", progressDeadlineSeconds=999999))
        await here.deploy("silent")
        here.counts(await here.deploy("failing"), rate=0.9, bad=0.1)
        report = await here.examined()
        assert about(report, "clean") == set()
        assert about(report, "latest") == {"mutable-tag"}
        assert about(report, "forgetful") == {"no-history"}
        assert about(report, "unready") == {"no-readiness-probe"}
        assert about(report, "alone") == {"undo-interrupts"}
        assert about(report, "late") == {"progress-deadline"}
        assert about(report, "silent") == {"blind"}
        assert about(report, "failing") == {"breached-already"}
        assert ids(report) - {"check-without-series"} == set().union(
            *(about(report, each.workload.rpartition("/")[2]) for each in report.workloads)
        )
        (finding,) = [each for each in report.findings if each.kind.id == "breached-already"]
        assert "10 %" in finding.what


async def test_a_configmap_that_changed_after_the_rollout_is_found(tmp_path: Path) -> None:
    source = {"envFrom": [{"configMapRef": {"name": "settings"}}]}
    for immutable in (False, True):
        async with world(tmp_path) as here:
            config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "settings"}}
            await here.cluster.apply({**config, "data": {"a": "1"}, "immutable": immutable})
            here.counts(await here.deploy("cart", container=source))
            raw = here.cluster.get("ConfigMap", "shop", "settings")
            assert raw is not None
            raw["metadata"]["managedFields"] = [{"manager": "kubectl", "time": "2099-01-01T00:00:00Z"}]
            assert ("config-moved" in ids(await here.examined())) is not immutable


async def test_labels_that_name_a_gateway_are_found(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.deploy("cart")
        here.counts(await here.deploy("proxy"), ingress="cart")
        services = [{"match": {"namespace": "shop", "name": "cart"}, "checks": {"errors": {}}}]
        report = await here.examined(here.write(services=services))
        (finding,) = [each for each in report.findings if each.kind.id == "gateway-labels"]
        assert "requests of Deployment/shop/cart under the pods of Deployment/shop/proxy" in finding.what
        assert "identify: {by: workload, workload: ingress}" in finding.mend


async def test_pods_that_the_cluster_does_not_have_are_found_and_those_that_just_went_are_not(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        pods = await here.deploy("cart")
        here.counts([*pods, pods[0][:-5] + "zzzzz"])
        assert "pods-unresolved" not in ids(await here.examined())
        here.counts(["exporter"])
        assert "pods-unresolved" in ids(await here.examined())


async def test_what_is_wrong_with_checks_is_found(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.counts(await here.deploy("cart"))
        errors = {"total": "http_requests_total", "bad": {"code": "5.."}, "max": "1%"}
        checks = {
            "errors": errors,
            "mute": {**errors, "bad": {"status": "5.."}},
            "gone": {**errors, "total": "requests_total"},
            "unlabelled": {**errors, "identify": {"by": "pod", "pod": "kubernetes_pod"}},
        }
        services = [{"match": {"namespace": "shop"}, "checks": {name: {} for name in checks}}]
        report = await here.examined(here.write(checks=checks, services=services))
        found = {(each.kind.id, each.subject) for each in report.findings}
        assert ("bad-matches-nothing", "check mute") in found
        assert ("query-empty", "check gone") in found
        assert ("label-missing", "check unlabelled") in found
        assert not [each for each in found if each[1] == "check errors"]


async def test_a_service_with_a_request_a_day_can_never_be_decided(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.counts(await here.deploy("cart"), rate=0.0001)
        assert about(await here.examined(), "cart") == {"traffic-too-low"}


async def test_a_cluster_that_is_away_is_a_finding_and_sources_are_asked_all_the_same(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.counts(await here.deploy("cart"))
        here.write()
        await here.cluster._cleanup.aclose()  # the server goes, the kubeconfig stays in memory of this test only
        here.cluster.kubeconfig_path = tmp_path / "kubeconfig"
        here.cluster.kubeconfig_path.write_text(KUBECONFIG)
        report = await here.examined()
        assert ids(report) == {"cluster-unreadable"}
        assert report.worst is Severity.CRITICAL
        assert report.sources[0].interval == 15.0


async def test_a_source_that_is_away_is_a_finding_and_makes_nobody_blind(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.deploy("cart")
        here.prometheus = "http://127.0.0.1:1"
        report = await here.examined()
        assert ids(report) == {"source-unreachable"}


async def test_permissions_are_held_against_what_is_needed(tmp_path: Path) -> None:
    async with world(tmp_path, rules=READING) as here:
        here.counts(await here.deploy("cart"))
        report = await here.examined()
        missing = [each for each in report.findings if each.kind.id == "permission-missing"]
        assert any("may not patch deployments" in each.what for each in missing)
        assert any('apiGroups: ["apps"], resources: [deployments], verbs: [patch]' in each.mend for each in missing)
        assert {each.kind.id for each in report.findings} >= {"permission-missing", "permission-takeover"}
        observed = await here.examined(here.write(mode="observe"))
        assert "permission-missing" not in ids(observed)


def noting(name: str, safety: str, **down: object) -> Json:
    written = {"name": "drop-price", "forward": "x", "rollbackSafe": safety, "reason": "r", "reviewer": "ann"}
    data = {"a.yaml": yaml.safe_dump(written | ({"down": down} if down else {})), "README": "no note"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}


def naming(config_map: str) -> Json:
    """A pod template that names its notes."""
    metadata = {"labels": {"app": "cart"}, "annotations": {"watcher.dev/migrations": config_map}}
    readiness = {"httpGet": {"path": "/ready", "port": 80}}
    container = {"name": "app", "image": "shop/cart:1.0.0", "readinessProbe": readiness}
    return {"metadata": metadata, "spec": {"containers": [container]}}


async def test_migration_notes_are_read_and_their_cron_jobs_and_permissions_looked_for(tmp_path: Path) -> None:
    async with world(tmp_path, rules=READING) as here:
        await here.cluster.apply(noting("notes", "after-down", job="cart-down"))
        here.counts(await here.deploy("cart", template=naming("notes")))
        report = await here.examined()
        (lacking,) = [each for each in report.findings if each.kind.id == "down-job-missing"]
        assert "names the CronJob cart-down for its down migration" in lacking.what
        denied = [each.what for each in report.findings if each.kind.id == "permission-missing"]
        assert any("may not create jobs in namespace shop" in each for each in denied)
        job = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "a:1"}]}}}
        metadata = {"name": "cart-down", "namespace": "shop"}
        spec = {"schedule": "0 0 31 2 *", "jobTemplate": {"spec": job}}
        await here.cluster.apply({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec})
        assert "down-job-missing" not in ids(await here.examined())
        observed = await here.examined(here.write(mode="observe"))
        assert "permission-missing" not in ids(observed)


async def test_notes_that_cannot_be_read_or_are_not_there_are_told(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.counts(await here.deploy("cart", template=naming("notes")))
        assert "migration-notes-missing" in ids(await here.examined())
        await here.cluster.apply(noting("notes", "harmless"))
        (broken,) = [each for each in (await here.examined()).findings if each.kind.id == "migration-note-broken"]
        assert "rollbackSafe cannot be harmless" in broken.what
        await here.cluster.apply(noting("notes", "safe"))
        assert not {each for each in ids(await here.examined()) if "migration" in each}


async def test_a_template_that_says_nothing_is_told_where_notes_are_required(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.counts(await here.deploy("cart"))
        entry = {"match": {"namespace": "shop"}, "checks": {"errors": {}}, "migrations": "required"}
        assert "migration-notes-missing" in ids(await here.examined(here.write(services=[entry])))
        assert "migration-notes-missing" not in ids(await here.examined(here.write()))


async def test_an_account_that_may_do_everything_is_told_once(tmp_path: Path) -> None:
    async with world(tmp_path, rules=EVERYTHING) as here:
        here.counts(await here.deploy("cart"))
        report = await here.examined()
        assert [each.kind.id for each in report.findings] == ["permission-takeover"]


async def test_nothing_that_writes_is_needed_to_observe(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.counts(await here.deploy("cart"))
        report = await here.examined(here.write(mode="observe"))
        assert ids(report) == {"permission-unused"}


async def test_entries_and_workloads_that_do_not_meet_are_told(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.counts(await here.deploy("cart"))
        services = [{"match": {"namespace": "shop", "name": "card"}, "checks": {"errors": {}}}]
        report = await here.examined(here.write(services=services))
        assert ids(report) == {"unmatched-workloads", "entry-matches-nothing", "permission-unused"}
        (entry,) = [each for each in report.findings if each.kind.id == "entry-matches-nothing"]
        assert entry.subject.startswith("entry 1 of services (")


async def test_one_workload_can_be_looked_at_alone(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.deploy("silent")
        here.counts(await here.deploy("cart"))
        only = Workload(Kind.DEPLOYMENT, "shop", "cart")
        report = await here.examined(only=lambda each: each == only)
        assert [each.workload for each in report.workloads] == [str(only)]
        assert ids(report) == set()


KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: gone, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: nobody, user: {}}]
contexts: [{name: gone, context: {cluster: gone, user: nobody}}]
current-context: gone
"""
