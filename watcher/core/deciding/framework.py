"""Rollback or roll forward: decided by rule, before the heat.

A small closed set of inputs, and a table of which the first row that fits counts.  The table in
`docs/decision-framework.md` is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.deciding.gate import Gate
from watcher.core.words import Action, Mode


@dataclass(frozen=True, slots=True)
class Situation:
    """What the decision depends on.

    `breach`: it is proven that the release is bad.  `guard`: one that concerns the first way back holds.  `flag`: one
    covers the release, and can be switched off.  `target`: an earlier version is known to be good.  `rung`: a way leads
    back to it.  `gate`: what the database migrations in between allow.
    """

    breach: bool
    guard: bool
    flag: bool
    target: bool
    rung: bool
    gate: Gate


@dataclass(frozen=True, slots=True)
class Course:
    """What is done, how far it may go by itself at the most, and why."""

    action: Action
    most: Mode
    sentence: str


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: the inputs that it asks for (None: any), and what it comes to."""

    course: Course
    breach: bool | None = None
    guard: bool | None = None
    flag: bool | None = None
    target: bool | None = None
    rung: bool | None = None
    gates: frozenset[Gate] | None = None

    def fits(self, situation: Situation) -> bool:
        """Whether it applies."""
        asked = (
            (self.breach, situation.breach),
            (self.guard, situation.guard),
            (self.flag, situation.flag),
            (self.target, situation.target),
            (self.rung, situation.rung),
        )
        passes = self.gates is None or situation.gate in self.gates
        return passes and all(wanted is None or wanted is given for wanted, given in asked)


def _gates(*gates: Gate) -> frozenset[Gate]:
    return frozenset(gates)


TABLE: tuple[Row, ...] = (
    Row(Course(Action.NONE, Mode.NONE, "Nothing is proven, so nothing is done."), breach=False),
    Row(Course(Action.HOLD, Mode.NONE, "A guard holds: nothing is done while it does."), guard=True),
    Row(
        Course(Action.FLAG_OFF, Mode.ACT, "A flag covers the release: it is switched off, and no version is changed."),
        flag=True,
    ),
    Row(Course(Action.HOLD, Mode.NONE, "No earlier version is known good: a person has to choose."), target=False),
    Row(Course(Action.HOLD, Mode.NONE, "No way leads back from here: a person has to."), rung=False),
    Row(
        Course(Action.ROLL_FORWARD, Mode.NONE, "The version before does not work on the data as they are now."),
        gates=_gates(Gate.UNSAFE),
    ),
    Row(
        Course(Action.ROLL_FORWARD, Mode.NONE, "A note is required, and none says that it is safe to go back."),
        gates=_gates(Gate.UNNOTED_REQUIRED),
    ),
    Row(
        Course(Action.HOLD, Mode.NONE, "Notes are required, or named by a version, and it is not known what they say."),
        gates=_gates(Gate.UNSEEN_REQUIRED),
    ),
    Row(
        Course(Action.ROLL_BACK, Mode.PROPOSE, "A down migration goes along with it, which a person has to approve."),
        gates=_gates(Gate.DOWN_APPROVAL),
    ),
    Row(
        Course(Action.ROLL_BACK, Mode.ACT, "A down migration goes along with it, which may run by itself."),
        gates=_gates(Gate.DOWN_AUTOMATIC),
    ),
    Row(
        Course(Action.ROLL_BACK, Mode.ACT, "The known good version comes back; it is said what is not known."),
        gates=_gates(Gate.UNNOTED, Gate.UNSEEN),
    ),
    Row(
        Course(Action.ROLL_BACK, Mode.ACT, "The known good version comes back."),
        gates=_gates(Gate.NONE, Gate.SAFE),
    ),
)
"""The rules; the first that fits counts, and one always does."""


def decide(situation: Situation) -> Course:
    """What is to be done in this situation."""
    return row_for(situation).course


def row_for(situation: Situation) -> Row:
    """The rule that applies."""
    return next(row for row in TABLE if row.fits(situation))
