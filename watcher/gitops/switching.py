"""The port `Actuator` for feature flags: each order once, its outcome as a report."""

from __future__ import annotations

from watcher.core.flags import FlagSight
from watcher.core.model import Result, RungReport
from watcher.core.orders import FlagOrder, RungOrder, rung_of
from watcher.gitops.means import Holding, refuse_held
from watcher.gitops.outcome import Outcome
from watcher.ports import Clock, WatcherError
from watcher.ports.flags import Flags
from watcher.ports.results import READ_ONLY, result_of


class FlagsActuator:
    """Switches flags.  `holding` is asked right before the write; `read_only` refuses every order without a word."""

    def __init__(self, flags: Flags, holding: Holding, clock: Clock, *, read_only: bool = False) -> None:
        self._flags, self._holding, self._clock, self._read_only = flags, holding, clock, read_only

    async def perform(self, order: RungOrder) -> RungReport:
        """Attempt the order once.  Never raises for what others answer: the report's result tells."""
        outcome, sight = await self._outcome(order)
        return RungReport(
            order.decision,
            rung_of(order),
            order.tried,
            outcome.result,
            self._clock.now(),
            outcome.message,
            flag=sight,
        )

    async def _outcome(self, order: RungOrder) -> tuple[Outcome, FlagSight | None]:
        if self._read_only:
            return Outcome(Result.FORBIDDEN, READ_ONLY), None
        if not isinstance(order, FlagOrder):
            return Outcome(Result.REFUSED, "this is not done by a feature flag"), None
        try:
            return await self._switched(order)
        except WatcherError as error:
            return Outcome(result_of(error), str(error)), None

    async def _switched(self, order: FlagOrder) -> tuple[Outcome, FlagSight]:
        before, state = await self._flags.look(order.flag), order.state if order.on else ""
        if before.on is order.on and state in ("", before.state):
            return Outcome(Result.ALREADY, f"{order.flag} stands at {before.state} already"), before
        await refuse_held(self._holding, order)
        reason = f"watcher {order.decision}: {order.reason}"
        after = await self._flags.switch(order.flag, on=order.on, expected=order.expected, state=state, reason=reason)
        return Outcome(Result.APPLIED, f"{order.flag} was at {before.state}, and is at {after.state} now"), after
