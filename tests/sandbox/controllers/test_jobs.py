"""Jobs run one pod to its end, or until their deadline."""

from __future__ import annotations

import pytest

from tests.sandbox.controllers.simulation import Simulation
from watcher.sandbox.kubernetes.errors import ApiError
from watcher.sandbox.kubernetes.logs import log_of
from watcher.sandbox.kubernetes.objects import Json, condition_of

pytestmark = pytest.mark.looptime


def job(image: str, **spec: object) -> Json:
    pod = {"restartPolicy": "Never", "containers": [{"name": "app", "image": image, "args": ["down"]}]}
    template = {"metadata": {"labels": {"app": "down"}}, "spec": pod}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "down"},
        "spec": {"backoffLimit": 0, "template": template, **spec},
    }


def ended(simulation: Simulation) -> str:
    found = simulation.get("Job", "down")
    conditions = [each for kind in ("Complete", "Failed") if (each := condition_of(found, kind)) is not None]
    return conditions[0]["reason"] if conditions else ""


@pytest.mark.parametrize(
    ("image", "reason", "last"),
    [("shop:1", "CompletionsReached", "done"), ("shop:1-fails", "BackoffLimitExceeded", "error: it failed")],
)
async def test_a_job_ends_as_its_pod_does(simulation: Simulation, image: str, reason: str, last: str) -> None:
    simulation.create(job(image))
    await simulation.until(lambda: ended(simulation) == reason)
    (pod,) = simulation.pods("down")
    assert pod["metadata"]["labels"]["job-name"] == "down"
    assert log_of(pod, {}) == f"running {image} down\n{last}\n"
    assert log_of(pod, {"tailLines": "1", "container": "app"}) == f"{last}\n"
    with pytest.raises(ApiError, match="container other is not valid"):
        log_of(pod, {"container": "other"})


async def test_a_failed_pod_is_replaced_as_often_as_the_job_allows(simulation: Simulation) -> None:
    simulation.create(job("shop:1-fails", backoffLimit=2))
    await simulation.until(lambda: ended(simulation) == "BackoffLimitExceeded")
    assert len(simulation.pods("down")) == 3


async def test_a_job_that_hangs_fails_at_its_deadline_and_its_pod_goes(simulation: Simulation) -> None:
    simulation.create(job("shop:1-hangs", activeDeadlineSeconds=30))
    assert await simulation.until(lambda: ended(simulation) == "DeadlineExceeded") == pytest.approx(30, abs=1)
    await simulation.until(lambda: not simulation.pods("down"))


async def test_a_suspended_job_waits(simulation: Simulation) -> None:
    simulation.create(job("shop:1", suspend=True))
    simulation.patch("Job", "down", {"metadata": {"labels": {"a": "b"}}})
    assert simulation.pods("down") == []
    simulation.patch("Job", "down", {"spec": {"suspend": False}})
    await simulation.until(lambda: ended(simulation) == "CompletionsReached")


async def test_a_job_must_say_what_becomes_of_its_pods(simulation: Simulation) -> None:
    always = job("shop:1")
    always["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    with pytest.raises(ApiError, match="restartPolicy"):
        simulation.create(always)
