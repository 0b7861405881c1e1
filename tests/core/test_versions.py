"""Requests of series that name a version or a role, and no pod: whose they are, and when nobody knows."""

from __future__ import annotations

from dataclasses import replace

from tests.core.counted import ERRORS, T0, Samples, Series, by_scrape, fold, pod, steps
from watcher.core.measuring.counting import Counting
from watcher.core.measuring.podtable import PodTable
from watcher.core.measuring.versions import Roles, bearers, names_a_version, roles, version_of
from watcher.core.model import Block, Pod, RolloutStatus
from watcher.core.policy import By, Identify

BY_VERSION = Identify(By.VERSION, pod="", workload="app", version="app_version", pod_label="version")
BY_ROLE = Identify(By.ROLE, pod="", workload="app", role="role", canary="canary", stable="stable")


def bearing(name: str, revision: str, version: str, created: float = T0 - 86400, **more: object) -> Pod:
    return replace(pod(name, revision, created), versions=(("version", version),), **more)  # type: ignore[arg-type]


def requests(samples: Samples, code: str = "200", **labels: str) -> Series:
    base = {"__name__": "requests", "namespace": "shop", "app": "checkout", "instance": "gateway:80", "job": "mesh"}
    return {**base, "code": code, **labels}, samples


def counted(
    identify: Identify, found: list[Series], table: PodTable, until: float = 75.0
) -> tuple[list[Block], Counting]:
    counting, presence = fold(replace(ERRORS, identify=identify), found)
    return by_scrape(counting.close(T0 + until, table, presence)), counting


def table(*pods: Pod, known: Roles | None = None) -> PodTable:
    found = PodTable()
    found.update(pods)
    found.roles = known
    return found


def of_revisions(block: Block) -> dict[str, tuple[float, float]]:
    return {each.revision: (each.total, each.bad) for each in block.pods}


def rising(per_step: float, start: float = -30.0, end: float = 75.0) -> Samples:
    return steps(start, [per_step * n for n in range(int((end - start) // 15) + 1)])


def test_versions_are_told_apart_by_what_the_pods_labels_say() -> None:
    found = [
        requests(rising(10), app_version="1"),
        requests(rising(3), "500", app_version="2"),
        requests(rising(5), app_version="2"),
    ]

    blocks, counting = counted(BY_VERSION, found, table(bearing("a", "old", "1"), bearing("b", "new", "2")))

    assert of_revisions(blocks[1]) == {"old": (10, 0), "new": (8, 3)}
    assert {each.pod for each in blocks[1].pods} == {"app_version=1", "app_version=2"}
    assert counting.unresolved == set()


def test_a_version_that_both_revisions_bear_is_nobodys() -> None:
    young = bearing("b", "new", "1", created=T0 + 31)

    blocks, counting = counted(
        BY_VERSION, [requests(rising(10), app_version="1")], table(bearing("a", "old", "1"), young)
    )

    assert of_revisions(blocks[1]) == {"old": (10, 0)}  # before there was a second one
    assert of_revisions(blocks[3]) == {}
    assert counting.unresolved == {'app_version="1" (pods of new and old bear it)'}


def test_a_version_that_no_pod_bears_and_a_series_without_one_are_named() -> None:
    found = [requests(rising(10), app_version="9"), requests(rising(10))]

    blocks, counting = counted(BY_VERSION, found, table(bearing("a", "old", "1")))

    assert not any(block.pods for block in blocks)
    assert counting.unresolved == {
        'app_version="9" (no pod\'s label version says so)',
        'app_version="" (no pod\'s label version says so)',
    }


def test_a_version_is_as_young_as_its_youngest_ready_pod() -> None:
    pods = bearing("a", "new", "1", ready_since=T0 - 600), bearing("b", "new", "1", ready_since=T0 - 40)

    blocks, _ = counted(BY_VERSION, [requests(rising(10), app_version="1")], table(*pods))

    assert [each.age for each in blocks[1].pods] == [40]


def test_deleted_pods_bear_their_version_for_a_while() -> None:
    pods = [bearing("a", "old", "1", deleted=T0), bearing("b", "new", "1", created=T0 + 10)]
    assert bearers(pods, "version", "1", T0 - 5) == ("old",)
    assert bearers(pods, "version", "1", T0 + 60) == ("new", "old")
    assert bearers(pods, "version", "1", T0 + 300) == ("new",)
    assert bearers(pods[:1], "version", "1", T0 + 300) == ("old",)


def test_the_pod_hash_is_a_version_too() -> None:
    assert version_of(pod("a", "5d4f"), "pod-template-hash") == "5d4f"
    assert version_of(bearing("a", "5d4f", "1"), "version") == "1"
    assert names_a_version("app.kubernetes.io/version")
    assert names_a_version("service.istio.io/canonical-revision")
    assert not names_a_version("team")
    assert not names_a_version("controller-revision-hash")


def test_roles_are_known_from_the_release_until_its_promotion() -> None:
    found = [requests(rising(10), role="stable"), requests(rising(3), "500", role="canary")]
    known = Roles("new", "old", since=T0 + 14, promoted=T0 + 46)

    blocks, counting = counted(BY_ROLE, found, table(known=known))

    assert [of_revisions(block) for block in blocks] == [
        {},
        {"old": (0, 0), "new": (0, 0)},  # the first values: nothing is known of what was before
        {"old": (10, 0), "new": (3, 3)},
        {"old": (10, 0), "new": (3, 3)},
        {},
    ]
    assert counting.unresolved == {
        f'role="{each}" (says nothing unless a Rollout is in progress)' for each in ("canary", "stable")
    }


def test_an_aborted_canary_serves_no_more_and_the_stable_version_does() -> None:
    known = Roles("new", "old", since=T0, aborted=T0 + 50)
    assert known.revision(BY_ROLE, "canary", T0 + 49) == "new"
    assert known.revision(BY_ROLE, "canary", T0 + 50) == ""
    assert known.revision(BY_ROLE, "stable", T0 + 50) == "old"
    assert known.revision(BY_ROLE, "preview", T0 + 10) == ""


def test_the_stable_role_may_be_the_absence_of_the_label() -> None:
    by = replace(BY_ROLE, canary=".+", stable="")
    known = Roles("new", "old", since=T0)
    assert known.revision(by, "shop-checkout-canary-80", T0) == "new"
    assert known.revision(by, "", T0) == "old"


def test_only_a_rollout_has_roles_and_only_of_its_release() -> None:
    rollout = RolloutStatus("canary", stable="old", current="new")
    assert roles(rollout, "new", "old", T0) == Roles("new", "old", T0)
    assert roles(replace(rollout, aborted=T0 + 9), "new", "old", T0) == Roles("new", "old", T0, aborted=T0 + 9)
    assert roles(replace(rollout, current="newer"), "new", "old", T0) is None
    assert roles(None, "new", "old", T0) is None
    assert roles(rollout, "new", "", T0) is None
    promoted = replace(rollout, stable="new", promoted=T0 + 90)
    assert roles(promoted, "new", "old", T0) == Roles("new", "old", T0, promoted=T0 + 90)
    assert roles(replace(promoted, promoted=None), "new", "old", T0) is None
    assert roles(replace(rollout, strategy="blueGreen"), "new", "old", T0) is None


def test_the_same_blocks_come_of_any_schedule_of_reading() -> None:
    found = [requests(rising(10), app_version="1"), requests(rising(3), "500", app_version="2")]
    pods = bearing("a", "old", "1"), bearing("b", "new", "2", created=T0 + 5)
    whole, _ = counted(BY_VERSION, found, table(*pods))

    counting, presence = fold(replace(ERRORS, identify=BY_VERSION), [])
    piecewise: list[Block] = []
    for until in range(-30, 80, 5):
        for labels, samples in found:
            counting.add(labels, [each for each in samples if each[0] <= T0 + until])
        piecewise += counting.close(T0 + until, table(*pods), presence)

    assert by_scrape(piecewise) == whole
