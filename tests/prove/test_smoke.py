"""The proof in short: some histories hold, some mutations are found out.  `make prove` has the whole of it."""

from __future__ import annotations

import pytest

from tests.prove import campaign, listing, mutating, mutations
from tests.prove.history import History, Told, Violation, failure, shrunk

SEEDS = range(1, 41)
SANDBOX = (16, 48)


@pytest.mark.parametrize("part", range(2))
def test_some_histories_keep_the_invariants(part: int) -> None:
    outcome = campaign.some([seed for seed in SEEDS if seed % campaign.SHARE and seed % 2 == part])
    assert outcome.broken == []
    assert outcome.told.counts["transition roll_back"] > 0


@pytest.mark.parametrize("seed", SANDBOX)
def test_a_history_on_the_sandbox_does(seed: int) -> None:
    history = campaign.drawn(seed)
    assert history.world == "sandbox"
    assert campaign.broken(history) is None


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12 on: the child only computes
@pytest.mark.parametrize("name", ["guard hold", "permission.withheld", "undo: test of the template"])
def test_without_a_part_the_proof_fails(name: str) -> None:
    mutation = mutating.named(name)
    verdict = mutating.judged(mutation)
    assert verdict.killed, verdict


def test_every_mutation_is_on_the_page_and_was_found_out() -> None:
    assert set(listing.listed()) == {each.name for each in mutations.every()}


def test_a_history_is_made_shorter_as_long_as_it_breaks_the_same() -> None:
    def play(history: History) -> Told:
        if ("b",) in history.events:
            raise Violation(2, "b")
        return Told()

    long = History("core", 1, "Deployment", (("a",), ("b",), ("c",)))
    found = failure(play, long)
    assert found is not None
    assert shrunk(play, long, found)[0].events == (("b",),)
