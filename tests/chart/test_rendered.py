"""What every variant of the chart holds to."""

from __future__ import annotations

import pytest
import yaml

from tests.chart.variants import CHART, NAMESPACE, VARIANTS, Json, Variant, documents
from watcher import __version__
from watcher.config import loads
from watcher.core.policy import Subject
from watcher.daemon.settings import Settings

EACH = pytest.mark.parametrize("variant", [pytest.param(each, id=each.name) for each in VARIANTS])
MARGIN = 10.0  # seconds that a pod has beyond what the daemon allows itself
NOT_IN_A_POD = {
    "WATCHER_KUBECONFIG",  # its ServiceAccount
    "WATCHER_CONTEXT",
    "WATCHER_HOST",  # the default: all addresses of the pod
    "WATCHER_IDENTITY",  # the default: the host's name, which is the pod's
}
OPTIONAL = {"WATCHER_TOKENS", "WATCHER_LEASE"}  # no writing over HTTP; observing needs no Lease


def thresholds(variant: Variant) -> Json:
    """The ConfigMap of the thresholds file."""
    (found,) = [each for each in variant.objects() if "thresholds.yaml" in each.get("data", {})]
    return found


@EACH
def test_the_pod_fits_pod_security_restricted(variant: Variant) -> None:
    pod = variant.pod()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys()
    allowed = {"configMap", "emptyDir", "persistentVolumeClaim", "secret"}
    assert all(volume.keys() - {"name"} <= allowed for volume in pod["volumes"])


@EACH
def test_there_is_one_pod_at_a_time(variant: Variant) -> None:
    spec = variant.one("Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


@EACH
def test_the_pod_outlives_the_grace_of_its_daemon(variant: Variant) -> None:
    grace = float(variant.environment()["WATCHER_SHUTDOWN_GRACE"])
    assert variant.pod()["terminationGracePeriodSeconds"] >= grace + MARGIN


@EACH
def test_every_setting_of_the_process_is_set_or_not_for_a_pod(variant: Variant) -> None:
    given = {name for name in variant.environment() if name.startswith("WATCHER_")}
    known = {f"WATCHER_{name.upper()}" for name in Settings.model_fields}
    assert given <= known - NOT_IN_A_POD
    assert known - given <= NOT_IN_A_POD | (set() if variant.name == "full" else OPTIONAL)


@EACH
def test_the_settings_are_accepted(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variant.environment().items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.namespace == NAMESPACE
    (container,) = variant.pod()["containers"]
    mounted = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert str(settings.config.parent) in mounted, "the thresholds file changes only in a mounted directory"
    assert str(settings.store.parent) in mounted
    assert mounted[str(settings.git_cache)]["name"] == "git-cache"
    assert variant.environment()["TMPDIR"] in mounted
    if settings.tokens is not None:
        assert mounted[str(settings.tokens.parent)]["name"] == "tokens"
    assert container["ports"] == [{"name": "http", "containerPort": settings.port}]


@EACH
def test_no_file_is_mounted_by_itself_and_only_the_log_the_cache_and_tmp_are_writable(variant: Variant) -> None:
    (container,) = variant.pod()["containers"]
    assert not [mount for mount in container["volumeMounts"] if "subPath" in mount]
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"/var/lib/watcher", "/var/cache/watcher", "/tmp"}  # noqa: S108 - in the pod


@EACH
def test_thresholds_arrive_as_they_were_given(variant: Variant) -> None:
    if variant.name == "existing":
        assert variant.pod()["volumes"][0] == {"name": "thresholds", "configMap": {"name": "rollback-thresholds"}}
        assert variant.environment()["WATCHER_CONFIG"] == "/etc/watcher/prod.yaml"
        return
    given: Json = {}
    for file in variant.files:
        given |= (yaml.safe_load(file.read_text()) or {}).get("thresholds", {})
    arrived = thresholds(variant)
    assert yaml.safe_load(arrived["data"]["thresholds.yaml"]) == given
    (volume,) = [each for each in variant.pod()["volumes"] if each["name"] == "thresholds"]
    assert volume["configMap"]["name"] == arrived["metadata"]["name"]
    policy = loads(arrived["data"]["thresholds.yaml"]).policy_for(Subject("Deployment", "shop", "cart"))
    assert policy is not None
    assert policy.checks


@EACH
def test_watcher_never_acts_on_itself(variant: Variant) -> None:
    meta = variant.one("Deployment")["metadata"]
    anything = "version: 1\nsources: {main: {url: 'http://p'}}\nchecks: {a: {query: b, max: 1}}\n"
    loaded = loads(f"{anything}mode: act\nservices: [{{match: {{}}, checks: {{a: {{}}}}}}]\n")
    policy = loaded.policy_for(Subject("Deployment", meta["namespace"], meta["name"], meta["labels"]))
    assert policy is not None
    assert policy.never


@EACH
def test_the_service_leads_to_the_daemon_and_not_to_the_test(variant: Variant) -> None:
    labels = variant.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    selector = variant.one("Service")["spec"]["selector"]
    assert selector.items() <= labels.items()
    assert variant.one("Deployment")["spec"]["selector"]["matchLabels"] == selector
    (test,) = [each for each in documents(variant.rendered) if each["kind"] == "Pod"]
    assert not selector.items() <= test["metadata"]["labels"].items()
    assert test["spec"]["containers"][0]["image"] == variant.pod()["containers"][0]["image"]


@EACH
def test_the_claim_keeps_its_name_and_outlives_the_release(variant: Variant) -> None:
    (store,) = [each for each in variant.pod()["volumes"] if each["name"] == "store"]
    claims = [each for each in variant.objects() if each["kind"] == "PersistentVolumeClaim"]
    if variant.name == "act-roles-only-abort":
        assert store == {"name": "store", "emptyDir": {"sizeLimit": "500Mi"}}
    elif variant.name == "existing":
        assert store["persistentVolumeClaim"] == {"claimName": "rollback-log"}
    else:
        (claim,) = claims
        assert store["persistentVolumeClaim"] == {"claimName": claim["metadata"]["name"]}
        assert claim["metadata"]["name"] == variant.one("Deployment")["metadata"]["name"]
        kept = claim["metadata"]["annotations"].get("helm.sh/resource-policy") == "keep"
        assert kept is (variant.name != "full")
        return
    assert not claims


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__
    assert (CHART / "LICENSE").read_text() == (CHART.parents[1] / "LICENSE").read_text()
