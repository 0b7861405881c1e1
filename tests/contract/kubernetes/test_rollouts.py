"""An Argo Rollout with the canary strategy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.contract.kubernetes.api import JSON_PATCH, MERGE_PATCH, Api, Json
from tests.contract.kubernetes.manifests import complete, condition, deployment, rollout, with_image

HASH = "rollouts-pod-template-hash"


def phase_of(live: Json) -> str:
    """The phase the controller gave the newest spec, empty while it has not seen it."""
    status = live.get("status", {})
    seen = status.get("observedGeneration") == str(live["metadata"]["generation"])
    return str(status.get("phase", "")) if seen else ""


async def healthy(api: Api, image: str) -> Json:
    """The Rollout once it is healthy with that image."""

    def done(live: Json) -> bool:
        used = live["spec"]["template"]["spec"]["containers"][0]["image"]
        status = live.get("status", {})
        return used == image and phase_of(live) == "Healthy" and status["stableRS"] == status["currentPodHash"]

    return await api.until("rollouts", "cart", done)


async def at_pause(api: Api, stable: str) -> Json:
    """The Rollout once it waits at its pause with a canary that is not the stable version.

    The conditions follow the pause a moment later.
    """

    def waiting(live: Json) -> bool:
        status = live.get("status", {})
        canary = status.get("currentPodHash") != stable and status.get("stableRS") == stable
        settled = condition(live, "Progressing").get("reason") == "RolloutPaused"
        return phase_of(live) == "Paused" and canary and settled

    return await api.until("rollouts", "cart", waiting)


async def replica_sets(api: Api) -> dict[str, Json]:
    """The Rollout's ReplicaSets by pod hash."""
    found = await api.items("replicasets", labelSelector=HASH)
    return {rs["metadata"]["labels"][HASH]: rs for rs in found}


async def start_canary(api: Api) -> tuple[str, Json]:
    """A healthy Rollout and then a canary at its pause: the stable hash, and the Rollout."""
    await api.create("rollouts", rollout("cart"))
    stable = (await healthy(api, "shop/cart:1"))["status"]["stableRS"]
    await api.patch("rollouts", "cart", with_image("shop/cart:2"))
    return stable, await at_pause(api, stable)


async def insist(api: Api, taken: Callable[[Json], bool], patch: Callable[[str], tuple[object, str]]) -> Json:
    """Sends a patch of the status, each time with another message, until the controller has taken it up.

    Some versions of the controller lose what comes right after their own pause; the same again changes nothing.
    """
    for attempt in range(6):
        body, kind = patch(f"attempt {attempt}")
        await api.patch("rollouts", "cart", body, kind, subresource="status")
        try:
            return await api.until("rollouts", "cart", taken, seconds=2)
        except AssertionError:
            continue
    raise AssertionError("the request in the status was never taken up")


def abort_patch(pod_hash: str) -> list[Json]:
    """An abort as the daemon sends it: it tests which revision is current."""
    return [
        {"op": "test", "path": "/status/currentPodHash", "value": pod_hash},
        {"op": "add", "path": "/status/abort", "value": True},
    ]


async def abort(api: Api, live: Json) -> Json:
    """Aborts the update; the Rollout once the controller has acknowledged it."""
    operations = abort_patch(live["status"]["currentPodHash"])

    def patch(message: str) -> tuple[object, str]:
        return [*operations, {"op": "add", "path": "/status/message", "value": message}], JSON_PATCH

    return await insist(api, lambda live: "abortedAt" in live["status"], patch)


async def ask(api: Api, **status: Any) -> Json:
    """Sets fields of the status that the controller is to act upon; the Rollout once it is past its pause."""

    def patch(message: str) -> tuple[object, str]:
        return {"status": {**status, "message": message}}, MERGE_PATCH

    return await insist(api, lambda live: live["status"].get("currentStepIndex") == 2, patch)


async def test_the_first_version_takes_no_steps(api: Api) -> None:
    await api.create("rollouts", rollout("cart"))
    live = await healthy(api, "shop/cart:1")
    status = live["status"]
    assert status["currentPodHash"] == status["stableRS"]
    assert status["currentStepIndex"] == 2
    assert status["replicas"] == status["availableReplicas"] == status["updatedReplicas"] == 4
    assert live["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "1"
    [rs] = (await replica_sets(api)).values()
    assert rs["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "1"
    assert rs["metadata"]["name"] == f"cart-{status['stableRS']}"
    assert rs["metadata"]["ownerReferences"][0]["kind"] == "Rollout"
    assert rs["spec"]["template"]["metadata"]["labels"] == {"app": "cart", HASH: status["stableRS"]}


async def test_a_canary_stops_at_its_pause_with_a_quarter_of_the_pods(api: Api) -> None:
    stable, live = await start_canary(api)
    status = live["status"]
    assert status["message"] == "CanaryPauseStep"
    assert status["controllerPause"] is True
    assert [entry["reason"] for entry in status["pauseConditions"]] == ["CanaryPauseStep"]
    assert status["currentStepIndex"] == 1
    sets = await replica_sets(api)
    assert {key: rs["status"]["availableReplicas"] for key, rs in sets.items()} == {
        stable: 3,
        status["currentPodHash"]: 1,
    }
    assert condition(live, "Progressing")["reason"] == "RolloutPaused"
    assert condition(live, "Paused")["status"] == "True"


async def test_an_abort_gives_everything_back_to_the_stable_version(api: Api) -> None:
    stable, live = await start_canary(api)
    await abort(api, live)
    degraded = await api.until("rollouts", "cart", lambda live: phase_of(live) == "Degraded")
    status = degraded["status"]
    assert status["abort"] is True
    assert status["currentStepIndex"] == 0
    assert status["message"].startswith("RolloutAborted: Rollout aborted update to revision 2")
    assert "pauseConditions" not in status
    assert condition(degraded, "Progressing")["reason"] == "RolloutAborted"
    assert condition(degraded, "Progressing")["status"] == "False"

    def given_back(items: list[Json]) -> bool:
        counts = {rs["metadata"]["labels"][HASH]: rs["status"].get("availableReplicas", 0) for rs in items}
        return counts == {stable: 4, status["currentPodHash"]: 0}

    await api.until_listed("replicasets", given_back, labelSelector=HASH)
    assert degraded["spec"]["template"]["spec"]["containers"][0]["image"] == "shop/cart:2"


async def test_an_abort_of_another_revision_is_a_422(api: Api) -> None:
    _, live = await start_canary(api)
    status = await api.patch("rollouts", "cart", abort_patch("another"), JSON_PATCH, code=422, subresource="status")
    assert (status["reason"], status["details"]) == ("Invalid", {})
    assert "abort" not in (await api.get("rollouts", "cart"))["status"]
    assert live["status"]["phase"] == "Paused"


async def test_the_stable_template_put_back_is_healthy_without_steps(api: Api) -> None:
    stable, live = await start_canary(api)
    await abort(api, live)
    await api.patch("rollouts", "cart", with_image("shop/cart:1"))
    restored = await healthy(api, "shop/cart:1")
    assert restored["status"]["currentPodHash"] == stable
    assert "abort" not in restored["status"]
    assert "abortedAt" not in restored["status"]
    sets = await replica_sets(api)
    assert sets[stable]["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "3"


async def test_a_resumed_pause_promotes(api: Api) -> None:
    stable, _ = await start_canary(api)
    await ask(api, pauseConditions=None)
    promoted = await healthy(api, "shop/cart:2")
    assert promoted["status"]["stableRS"] != stable
    await api.until_listed(
        "replicasets",
        lambda items: {rs["status"]["replicas"] for rs in items} == {0, 4},
        labelSelector=HASH,
    )


async def test_a_full_promotion_skips_the_steps(api: Api) -> None:
    await start_canary(api)
    await ask(api, promoteFull=True)
    promoted = await healthy(api, "shop/cart:2")
    assert "promoteFull" not in promoted["status"]


async def test_a_template_after_an_abort_starts_again(api: Api) -> None:
    stable, live = await start_canary(api)
    await abort(api, live)
    await api.patch("rollouts", "cart", with_image("shop/cart:3"))
    again = await at_pause(api, stable)
    assert "abort" not in again["status"]
    assert again["status"]["currentPodHash"] != live["status"]["currentPodHash"]
    assert again["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "3"


async def test_other_steps_clear_the_abort(api: Api) -> None:
    stable, live = await start_canary(api)
    await abort(api, live)
    steps = [{"setWeight": 50}, {"pause": {}}]
    await api.patch("rollouts", "cart", {"spec": {"strategy": {"canary": {"steps": steps}}}})
    again = await at_pause(api, stable)
    assert again["status"]["currentPodHash"] == live["status"]["currentPodHash"]
    assert "abort" not in again["status"]


async def test_a_pause_with_a_duration_ends_by_itself(api: Api) -> None:
    steps = [{"setWeight": 50}, {"pause": {"duration": "1s"}}]
    await api.create("rollouts", rollout("cart", strategy={"canary": {"steps": steps}}))
    await healthy(api, "shop/cart:1")
    await api.patch("rollouts", "cart", with_image("shop/cart:2"))
    await healthy(api, "shop/cart:2")


async def test_an_invalid_spec_is_degraded_and_takes_no_abort(api: Api) -> None:
    steps = [{"setWeight": 101}]
    await api.create("rollouts", rollout("cart", strategy={"canary": {"steps": steps}}))
    live = await api.until("rollouts", "cart", lambda live: bool(condition(live, "InvalidSpec")))
    assert condition(live, "InvalidSpec")["status"] == "True"
    assert live["status"]["phase"] == "Degraded"
    assert live["status"]["message"].startswith("InvalidSpec: ")


async def test_a_template_in_a_deployment(api: Api) -> None:
    await api.create("deployments", deployment("cart", "shop/cart:1", replicas=0))
    body = rollout("cart")
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"}
    body["spec"] = {
        "replicas": 2,
        "workloadRef": reference,
        "strategy": body["spec"]["strategy"],
        "selector": body["spec"]["selector"],
    }
    await api.create("rollouts", body)

    def resolved(live: Json) -> bool:
        status = live.get("status", {})
        generation = live["metadata"].get("annotations", {}).get("rollout.argoproj.io/workload-generation")
        return phase_of(live) == "Healthy" and status.get("workloadObservedGeneration") == generation

    live = await api.until("rollouts", "cart", resolved)
    assert "template" not in live["spec"]
    assert live["status"]["replicas"] == 2
    owners = {
        rs["metadata"]["ownerReferences"][0]["kind"]: rs
        for rs in await api.items("replicasets", labelSelector="app=cart")
    }
    assert set(owners) == {"Deployment", "Rollout"}
    assert owners["Deployment"]["spec"]["replicas"] == 0
    workload = await api.until("deployments", "cart", complete)
    assert str(workload["metadata"]["generation"]) == live["status"]["workloadObservedGeneration"]
