"""Where a Rollout stands among its steps: paused, aborted, promoted. Pure: from the status to the next status."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from watcher.sandbox.clock import parse_timestamp, timestamp
from watcher.sandbox.controllers.rollout_spec import RolloutSpec, pause_seconds
from watcher.sandbox.kubernetes.objects import Json

_PAUSE_STEP = "CanaryPauseStep"


@dataclass(frozen=True)
class Progress:
    """The part of a Rollout's status that steers it. `current` and `stable` are pod hashes, "" when unset."""

    current: str
    stable: str
    step_hash: str
    index: int
    abort: bool = False
    aborted_at: str = ""
    promote_full: bool = False
    controller_pause: bool = False
    pauses: tuple[Json, ...] = field(default=())

    @classmethod
    def of(cls, status: Json) -> Progress:
        """As the status says; a client may have set `abort` or `promoteFull` or cleared `pauseConditions`."""
        return cls(
            current=str(status.get("currentPodHash", "")),
            stable=str(status.get("stableRS", "")),
            step_hash=str(status.get("currentStepHash", "")),
            index=int(status.get("currentStepIndex", 0)),
            abort=bool(status.get("abort")),
            aborted_at=str(status.get("abortedAt", "")),
            promote_full=bool(status.get("promoteFull")),
            controller_pause=bool(status.get("controllerPause")),
            pauses=tuple(status.get("pauseConditions") or ()),
        )

    @property
    def promoted(self) -> bool:
        """Whether the current template is the stable one."""
        return self.current == self.stable

    def restarted(self, pod_hash: str, spec: RolloutSpec, *, skip_steps: bool) -> Progress:
        """A new template or new steps: everything that belonged to the update before is forgotten."""
        index = len(spec.steps) if skip_steps else 0
        return Progress(current=pod_hash, stable=self.stable, step_hash=spec.step_hash, index=index)

    def promoted_now(self, spec: RolloutSpec) -> Progress:
        """The current template has become the stable one."""
        return Progress(current=self.current, stable=self.current, step_hash=self.step_hash, index=len(spec.steps))

    def settled(self, spec: RolloutSpec, now: datetime, *, skip_steps: bool) -> Progress:
        """Requests from outside, taken up: a full promotion wins over an abort, an abort over a pause."""
        if self.promote_full or skip_steps:
            passed = replace(self, index=len(spec.steps), abort=False, aborted_at="")
            return replace(passed, pauses=(), controller_pause=False)
        if self.abort and self.promoted:
            return replace(self, abort=False, aborted_at="")  # nothing in progress: the flag is taken back
        if self.abort:
            since = self.aborted_at or timestamp(now)
            return replace(self, index=0, aborted_at=since, pauses=(), controller_pause=False)
        return replace(self, aborted_at="")

    def stepped(self, spec: RolloutSpec, now: datetime, *, at_weight: bool) -> Progress:
        """After the current step has had its chance: begun, still on, or done."""
        if self.abort or spec.paused or self.index >= len(spec.steps):
            return self
        step = spec.steps[self.index]
        if "setWeight" in step:
            return replace(self, index=self.index + 1) if at_weight else self
        if self.controller_pause and not self.pauses:
            return self._after_pause()  # resumed from outside
        if not self.pauses:
            begun = {"reason": _PAUSE_STEP, "startTime": timestamp(now)}
            return replace(self, pauses=(begun,), controller_pause=True)
        return self._after_pause() if self.pause_left(spec, now) == 0 else self

    def _after_pause(self) -> Progress:
        return replace(self, index=self.index + 1, pauses=(), controller_pause=False)

    def pause_left(self, spec: RolloutSpec, now: datetime) -> float | None:
        """Seconds until the pause step is over; None without one, or when it waits for a person."""
        if not self.pauses or self.index >= len(spec.steps) or "pause" not in spec.steps[self.index]:
            return None
        seconds = pause_seconds(spec.steps[self.index])
        if seconds is None:
            return None
        ends = parse_timestamp(self.pauses[0]["startTime"]) + timedelta(seconds=seconds)
        return max(0.0, (ends - now).total_seconds())

    def fields(self, spec: RolloutSpec) -> Json:
        """The status fields; what is unset is left out."""
        optional: Json = {
            "stableRS": self.stable,
            "currentStepIndex": self.index if spec.steps else None,
            "abort": self.abort or None,
            "abortedAt": self.aborted_at,
            "promoteFull": self.promote_full or None,
            "controllerPause": self.controller_pause or None,
            "pauseConditions": list(self.pauses) or None,
        }
        present = {key: value for key, value in optional.items() if value is not None and value != ""}
        return {"currentPodHash": self.current, "currentStepHash": self.step_hash, **present}
