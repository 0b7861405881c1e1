"""Rollback or roll forward: every combination of inputs comes to one rule, and no rule does harm."""

from __future__ import annotations

from itertools import product

import pytest

from watcher.core.deciding.framework import TABLE, Row, Situation, decide, row_for
from watcher.core.deciding.gate import Gate
from watcher.core.words import Action, Mode

EITHER = (False, True)
SITUATIONS = [Situation(*each) for each in product(EITHER, EITHER, EITHER, EITHER, EITHER, Gate)]
CLEAR = (Gate.NONE, Gate.SAFE, Gate.DOWN_AUTOMATIC, Gate.UNNOTED, Gate.UNSEEN)


def expected(each: Situation) -> tuple[Action, Mode]:
    """The same as a person would write it down, and not as a table."""
    if not each.breach:
        return Action.NONE, Mode.NONE
    if each.guard:
        return Action.HOLD, Mode.NONE
    if each.flag:
        return Action.FLAG_OFF, Mode.ACT
    if not (each.target and each.rung) or each.gate is Gate.UNSEEN_REQUIRED:
        return Action.HOLD, Mode.NONE
    if each.gate in (Gate.UNSAFE, Gate.UNNOTED_REQUIRED):
        return Action.ROLL_FORWARD, Mode.NONE
    return Action.ROLL_BACK, Mode.PROPOSE if each.gate is Gate.DOWN_APPROVAL else Mode.ACT


def test_all_combinations_are_looked_at() -> None:
    assert len(SITUATIONS) == len(set(SITUATIONS)) == 2**5 * len(Gate)


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_each_combination_comes_to_what_a_person_would_say(situation: Situation) -> None:
    course = decide(situation)
    assert (course.action, course.most) == expected(situation)
    assert course.sentence


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.course.sentence)
def test_each_rule_counts_somewhere(row: Row) -> None:
    assert any(row_for(each) is row for each in SITUATIONS)


def test_nothing_is_written_without_proof_or_past_a_guard() -> None:
    assert all(decide(each).most is Mode.NONE for each in SITUATIONS if each.guard or not each.breach)


def test_the_version_is_only_changed_to_a_good_one_that_the_data_allow() -> None:
    back = [each for each in SITUATIONS if decide(each).action is Action.ROLL_BACK]
    assert back
    assert all(each.target and each.rung and each.gate in (*CLEAR, Gate.DOWN_APPROVAL) for each in back)


def test_by_itself_it_only_runs_down_migrations_that_may() -> None:
    alone = [each for each in SITUATIONS if decide(each).most is Mode.ACT]
    assert all(each.flag or each.gate in CLEAR for each in alone)


def test_whatever_the_database_a_flag_is_switched_off() -> None:
    assert all(
        decide(each).action is Action.FLAG_OFF for each in SITUATIONS if each.breach and each.flag and not each.guard
    )
