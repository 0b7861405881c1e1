"""The picture that is kept with a decision: how the shares went over time, in few numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from tests.core.story import BEGAN, RELEASE
from tests.core.world import BLOCK, ERRORS, HISTORY, World
from watcher.core.judging import course
from watcher.core.judging.course import AVAILABILITY, MOST, Course
from watcher.core.model import Block, Observation, PodCount, QueryValue
from watcher.core.policy import QueryCheck
from watcher.core.words import Outcome, Verdict


def _of(courses: tuple[Course, ...], check: str) -> Course:
    return next(each for each in courses if each.check == check)


def _undone() -> World:
    world = World.of()
    world.run(HISTORY)
    world.release("v2", errors=0.2)
    world.run_until(Outcome.RESTORED)
    return world


def test_a_rollback_shows_the_old_version_before_both_side_by_side_and_the_recovery() -> None:
    world = _undone()
    errors, began = _of(world.watch.courses, "errors"), world.watch.release.began
    assert errors.starts[0] < began - 300
    assert errors.until > world.watch.release.began
    by_time = list(zip(errors.starts, errors.new, errors.new_bad, errors.old, strict=True))
    assert all(new == 0 for start, new, _, _ in by_time if start < began)
    bad = [(new, failed) for start, new, failed, _ in by_time if new and start > began]
    assert all(abs(failed / new - 0.2) < 1e-9 for new, failed in bad)
    assert by_time[-1][1] == 0  # nothing of the bad version serves at the end
    assert by_time[-1][3] > 0


def test_what_comes_again_after_a_restart_is_not_counted_twice() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(60.0)
    world.crash()
    world.run_until(Outcome.RESTORED)
    errors = _of(world.watch.courses, "errors")
    assert all(end <= start for end, start in zip(errors.ends[:-1], errors.starts[1:], strict=True))
    assert sum(errors.new) + sum(errors.old) <= world.requests * len(errors.starts) + 1e-6


def test_a_release_that_passed_leaves_no_picture() -> None:
    world = World.of()
    world.release("v2")
    world.run_until("pass")
    assert world.watch.verdict is Verdict.PASS
    assert world.watch.courses == ()


def test_replicas_are_noted_where_something_changed() -> None:
    world = _undone()
    replicas = _of(world.watch.courses, AVAILABILITY)
    columns = (replicas.new, replicas.new_bad, replicas.old, replicas.old_bad)
    assert all(one != other for one, other in pairwise(zip(*columns, strict=True)))
    assert max(replicas.new_bad) == max(replicas.new)  # none of the new version served when it began
    assert replicas.new_bad[-1] == 0


def _block(start: float, revision: str = "new") -> Block:
    return Block("errors", start, BLOCK, (PodCount("pod", revision, 100.0, 1.0),))


def test_a_long_course_is_finest_at_its_end_and_loses_no_request() -> None:
    world = World.of()
    policy, view = replace(world.policy, checks=(ERRORS,)), world.view
    courses: tuple[Course, ...] = ()
    for index in range(1000):
        observation = Observation(view, (_block(BEGAN + index * BLOCK),))
        courses = course.fold(courses, observation, view, policy, RELEASE, BEGAN + index * BLOCK)
    errors = _of(courses, "errors")
    lengths = [end - start for start, end in zip(errors.starts, errors.ends, strict=True)]
    assert len(lengths) == MOST
    assert (errors.starts[0], errors.until) == (BEGAN, BEGAN + 1000 * BLOCK)
    assert sum(errors.new) == 100_000
    assert max(lengths[-10:]) <= 2 * BLOCK
    assert sum(lengths[:10]) > sum(lengths[-10:])


def test_a_check_that_sees_no_versions_has_all_requests_as_one() -> None:
    world = World.of()
    found = course.fold((), Observation(world.view, (_block(BEGAN, ""),)), world.view, world.policy, RELEASE, BEGAN)
    assert (_of(found, "errors").new, _of(found, "errors").old) == ((100.0,), (0.0,))


def test_what_is_broken_or_of_another_bound_or_long_before_the_release_is_left_out() -> None:
    world = World.of()
    blocks = (
        replace(_block(BEGAN), broken="label gone"),
        replace(_block(BEGAN), basis="another"),
        _block(BEGAN - course.BEFORE - BLOCK),
    )
    found = course.fold((), Observation(world.view, blocks), world.view, world.policy, RELEASE, BEGAN)
    assert [each.check for each in found] == [AVAILABILITY]


def test_values_of_a_query_are_kept_and_what_is_none_is_not() -> None:
    lag = QueryCheck("lag", "main", "kafka_lag", max=10.0)
    world = World.of()
    policy = replace(world.policy, checks=(lag,))
    values = (QueryValue("lag", BEGAN, 3.0), QueryValue("lag", BEGAN + 15, None), QueryValue("lag", BEGAN + 30, 12.0))
    found = course.fold((), Observation(world.view, queries=values), world.view, policy, RELEASE, BEGAN)
    assert (_of(found, "lag").starts, _of(found, "lag").new) == ((BEGAN, BEGAN + 30), (3.0, 12.0))
