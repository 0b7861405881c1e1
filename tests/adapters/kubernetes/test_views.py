from __future__ import annotations

from dataclasses import replace

import pytest

from watcher.adapters.kubernetes.slim import SlimPod, SlimRevision, SlimWorkload
from watcher.adapters.kubernetes.views import Parts, build
from watcher.core.model import Pod, Revision, RolloutStatus, Workload, WorkloadView
from watcher.core.words import Kind


def a_workload(kind: Kind = Kind.DEPLOYMENT, template: str = "t2", **more: object) -> SlimWorkload:
    found = SlimWorkload(
        workload=Workload(kind, "shop", "cart"),
        uid="u1",
        generation=3,
        observed=True,
        template_id=template,
        number=0,
        pointer="",
        desired=3,
        updated=3,
        ready=3,
        available=3,
        max_unavailable=1,
    )
    return replace(found, **more)  # type: ignore[arg-type]


def revision(number: int, template: str, desired: int = 0, **more: object) -> SlimRevision:
    kept = Revision(number, f"h{template}", template, template, (), 0.0, desired, desired, desired)
    return replace(SlimRevision("shop", f"rs{template}", "u1", kept), **more)  # type: ignore[arg-type]


OLD, NEW = revision(1, "t1"), revision(2, "t2", desired=3)


def view(found: SlimWorkload, *revisions: SlimRevision, **more: object) -> WorkloadView:
    return build(replace(Parts(found, revisions), **more))  # type: ignore[arg-type]


def test_the_highest_revision_with_the_specs_template_is_current() -> None:
    seen = view(a_workload(), NEW, OLD)
    assert (seen.current, seen.newest(), seen.observed) == (2, NEW.revision, True)
    assert [each.number for each in seen.revisions] == [1, 2]
    assert seen.rolled_out


@pytest.mark.parametrize("template", ["t3", "t1"])
def test_a_template_whose_revision_is_not_there_yet_has_the_next_number(template: str) -> None:
    seen = view(a_workload(template=template), OLD, NEW)
    assert (seen.current, seen.newest(), seen.observed) == (3, None, False)


def test_an_old_template_that_came_back_has_the_highest_number() -> None:
    back = replace(OLD, revision=replace(OLD.revision, number=3, desired=3))
    assert view(a_workload(template="t1"), back, NEW).current == 3


def test_a_number_ahead_of_the_revisions_means_that_they_are_late() -> None:
    seen = view(a_workload(number=3), OLD, NEW)
    assert (seen.current, seen.newest()) == (3, None)


def test_a_workload_without_revisions_is_at_its_first() -> None:
    seen = view(a_workload())
    assert (seen.current, seen.newest(), seen.rolled_out) == (1, None, False)


@pytest.mark.parametrize(
    ("pointer", "number", "expected"), [("ht2", 2, 2), ("ht1", 2, 2), ("ht1", 1, 1), ("hx", 2, 3), ("ht1", 4, 4)]
)
def test_a_rollout_is_at_the_revision_of_its_pod_hash(pointer: str, number: int, expected: int) -> None:
    status = RolloutStatus("canary", stable="ht1", current=pointer)
    rollout = a_workload(Kind.ROLLOUT, "not defaulted", pointer=pointer, number=number, rollout=status)
    assert view(rollout, OLD, NEW).current == expected


def test_what_waits_for_its_end_after_a_promotion_is_nothing_left_over() -> None:
    status = RolloutStatus("blueGreen", stable="ht2", current="ht2")
    retiring = revision(1, "t1", desired=3, retiring=True)
    promoted = a_workload(Kind.ROLLOUT, pointer="ht2", number=2, rollout=status, ready=6, available=6)
    assert view(promoted, retiring, NEW).rolled_out
    in_progress = replace(promoted, rollout=replace(status, stable="ht1"))
    assert view(in_progress, retiring, NEW).revisions[0].desired == 3


def test_a_referenced_template_counts_when_it_was_taken_over() -> None:
    status = RolloutStatus("canary", stable="ht2", current="ht2")
    rollout = a_workload(
        Kind.ROLLOUT, "", pointer="ht2", number=2, rollout=status, template_in="source", template_generation="8"
    )
    source = replace(a_workload(owner="Tenant/a"), generation=8)
    seen = view(rollout, OLD, NEW, template_source=source)
    assert (seen.observed, seen.owner) == (True, "Tenant/a")
    assert not view(rollout, OLD, NEW, template_source=replace(source, generation=9)).observed


def test_a_stateful_set_counts_its_pods_by_revision() -> None:
    found = a_workload(Kind.STATEFUL_SET, updated=1, ready=2, available=2)
    pods = tuple(
        SlimPod("shop", "u1", Pod(f"cart-{index}", f"p{index}", name, float(index), ready_since=ready))
        for index, (name, ready) in enumerate([("ht1", 5.0), ("ht1", 6.0), ("ht2", None)])
    )
    old, new = view(found, OLD, NEW, pods=pods).revisions
    assert (old.desired, old.ready, new.desired, new.ready) == (2, 2, 1, 0)


def test_and_by_its_status_when_its_pods_are_not_followed() -> None:
    bare = replace(NEW, revision=replace(NEW.revision, desired=0, ready=0, available=0))
    _, new = view(a_workload(Kind.STATEFUL_SET), OLD, bare).revisions
    assert (new.desired, new.ready, new.available) == (3, 3, 3)
    _, new = view(a_workload(Kind.STATEFUL_SET, updated=1), OLD, bare).revisions
    assert (new.desired, new.ready) == (1, 0)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", 'pods "x" is forbidden: exceeded quota: small', True),
        ("", 'failed calling webhook "inject.example.com"', True),
        ("", 'admission webhook "policy" denied the request: no latest tag', False),  # may be the version's own fault
        ('admission webhook "policy" denied the request', "", True),
        ("", "", False),
    ],
)
def test_trouble_is_what_meets_every_version(old: str, new: str, expected: bool) -> None:
    seen = view(a_workload(), replace(OLD, trouble=old), replace(NEW, trouble=new))
    assert bool(seen.trouble) is expected
