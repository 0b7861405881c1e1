from __future__ import annotations

from tests.daemon.shop import BEGAN, ERRORS, pod, view
from watcher.core.model import Workload
from watcher.core.policy import Policy
from watcher.core.words import Kind
from watcher.daemon.folds import Folds
from watcher.daemon.grouping import CHUNK, pieces

AT = BEGAN + 3600


def folds(name: str, pods: int = 2) -> Folds:
    workload = Workload(Kind.DEPLOYMENT, "shop", name)
    made = Folds(workload, BEGAN)
    made.update(view([pod(f"{name}-{n}") for n in range(pods)], workload), Policy(checks=(ERRORS,)), {})
    return made


def test_watches_that_are_up_to_date_are_read_together() -> None:
    first, second = folds("a"), folds("b")

    (piece,) = pieces([(first, AT - 20), (second, AT - 50)], AT)

    assert (piece.start, piece.end, piece.folds) == (AT - 50, AT, (first, second))


def test_one_that_is_behind_does_not_widen_the_window_of_others() -> None:
    first, second = folds("a"), folds("b")

    found = pieces([(first, AT - 20), (second, AT - 500)], AT)

    assert [(AT - each.start, each.end) for each in found] == [(20, AT), (500, AT)]


def test_the_past_is_read_in_chunks() -> None:
    one, start, ends = folds("a"), AT - 3000.0, []
    while start < AT:
        (piece,) = pieces([(one, start)], AT)
        assert piece.start == start
        assert piece.end - piece.start <= 2 * CHUNK
        start = piece.end
        ends.append(start)

    assert ends[-1] == AT
    assert all(end % CHUNK == 0 for end in ends[:-1])


def test_long_selectors_are_split_and_pods_of_a_watch_stay_together() -> None:
    made = [folds(f"service-{n}", 4) for n in range(10)]

    found = pieces([(each, AT - 20) for each in made], AT, limit=100)

    assert [len(each.folds) for each in found] == [2, 2, 2, 2, 2]
    assert [one for each in found for one in each.folds] == made
    assert len(pieces([(made[0], AT)], AT, limit=5)) == 1
