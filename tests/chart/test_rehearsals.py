"""The CronJobs by which ways back are rehearsed, and what their account may do."""

from __future__ import annotations

import typer
import yaml

from tests.chart.grants import grants
from tests.chart.variants import NAMESPACE, REHEARSALS, ROOT, VARIANTS, Json
from watcher.cli.application import COMMANDS, loaded

OBJECTS = REHEARSALS.rehearsals()


def of_kind(kind: str) -> list[Json]:
    return [each for each in OBJECTS if each["kind"] == kind]


def pods() -> list[Json]:
    return [each["spec"]["jobTemplate"]["spec"]["template"]["spec"] for each in of_kind("CronJob")]


def test_without_a_schedule_there_is_nothing_of_it() -> None:
    assert [each for variant in VARIANTS for each in variant.rehearsals()] == []


def test_each_workload_has_a_cron_job() -> None:
    jobs = of_kind("CronJob")
    assert [each["metadata"]["annotations"]["watcher.dev/workload"] for each in jobs] == [
        "Deployment/cart",
        "Rollout/checkout",
    ]
    assert len({each["metadata"]["name"] for each in jobs}) == 2
    assert all(len(each["metadata"]["name"]) <= 52 for each in jobs), "as much as a CronJob's name may have"
    assert {each["spec"]["schedule"] for each in jobs} == {"0 9 * * 1"}


def test_its_command_line_is_one_of_the_command() -> None:
    command = loaded("rehearse", COMMANDS["rehearse"])
    options = {
        spelling for each in command.params if isinstance(each, typer.core.TyperOption) for spelling in each.opts
    }
    for pod in pods():
        (container,) = pod["containers"]
        program, name, workload, *rest = container["command"]
        assert (program, name) == ("watcher", "rehearse")
        assert workload in ("Deployment/cart", "Rollout/checkout")
        assert {each for each in rest if each.startswith("--")} <= options
        assert "shop-drill" in rest


def test_its_account_may_write_in_the_namespace_for_rehearsals_alone() -> None:
    (role,), (binding,), (account,) = of_kind("Role"), of_kind("RoleBinding"), of_kind("ServiceAccount")
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "shop-drill"
    subject = {"kind": "ServiceAccount", "name": account["metadata"]["name"], "namespace": NAMESPACE}
    assert binding["subjects"] == [subject]
    assert account["metadata"]["name"] != "watcher"
    assert of_kind("ClusterRole") == of_kind("ClusterRoleBinding") == []
    documented = yaml.safe_load((ROOT / "config" / "rehearsal-rbac.yaml").read_text())
    documented["metadata"]["namespace"] = "shop-drill"
    bound = {**binding, "roleRef": {**binding["roleRef"], "name": documented["metadata"]["name"]}}
    assert grants(OBJECTS) == grants([documented, bound])


def test_its_pods_fit_pod_security_restricted() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        context = container["securityContext"]
        assert (context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (False, True)
        assert context["capabilities"] == {"drop": ["ALL"]}
        mounted = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
        assert {path for path, mount in mounted.items() if not mount.get("readOnly")} == {"/tmp"}  # noqa: S108
        assert {mount["name"] for mount in mounted.values()} == {volume["name"] for volume in pod["volumes"]}
        assert "/etc/watcher-git" in mounted, "credentials of the repository, where the thresholds file has them"
