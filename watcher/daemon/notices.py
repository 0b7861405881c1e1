"""Makes notifications of what is announced: one for each channel that wants it, recorded with the step itself."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator

import structlog

from watcher.config import Thresholds
from watcher.config.channels import Channel
from watcher.core.model import Observation, Workload
from watcher.core.orders import Announce
from watcher.core.policy import Subject
from watcher.core.state import Watch
from watcher.core.telling import message, report
from watcher.core.telling.message import Around, Message
from watcher.core.words import Stage
from watcher.daemon.journal import Taken
from watcher.daemon.telemetry import Telemetry
from watcher.ports import LOST, Notification

log = structlog.get_logger("watcher.notices")


class Notices:
    """Writes messages by the thresholds in force.  A fault here costs a message, never a step."""

    def __init__(self, thresholds: Callable[[], Thresholds], telemetry: Telemetry) -> None:
        self._thresholds, self._telemetry = thresholds, telemetry

    def of(self, taken: Taken) -> tuple[Notification, ...]:
        """Notifications of what this step announces.  Called in the thread that writes the log; never raises."""
        try:
            announced = [each for each in taken.step.commands if isinstance(each, Announce)]
            return tuple(row for each in announced for row in self._about(each, taken))
        except Exception:  # of ours; the step is worth more than the message on it
            log.exception("notification_not_written", workload=str(taken.step.state.workload))
            for name in self._thresholds().channels:
                self._telemetry.notifications.labels(name, LOST).inc()
            return ()

    def config_rejected(self, file: str, problems: str, now: float) -> tuple[Notification, ...]:
        """The thresholds file on disk is refused, a problem a line."""
        must = f"mend the file, see: watcher check {file}. The running configuration stays in force."
        count = len(problems.splitlines())
        said = f"{count} {'problem' if count == 1 else 'problems'}:\n  " + problems.replace("\n", "\n  ")
        return tuple(self._about_daemon(Stage.CONFIG_REJECTED, "", said, must, now))

    def source_blind(self, source: str, problem: str, now: float) -> tuple[Notification, ...]:
        """A source that releases under watch need gives no usable answer."""
        must = "bring it back; until then nothing is judged by it, be it good or bad"
        return tuple(self._about_daemon(Stage.SOURCE_BLIND, source, problem, must, now))

    def _about(self, announced: Announce, taken: Taken) -> Iterator[Notification]:
        thresholds, watch = self._thresholds(), _watch_of(announced, taken)
        subject = _subject(announced.workload, taken.observation)
        wanted = [each for each in thresholds.channels.values() if each.wants(announced.stage, subject)]
        if watch is None or not wanted:
            return
        release = report.release_body(watch)
        decision = None
        if watch.decision is not None and watch.decision.id == announced.decision:
            decision = report.decision_body(watch, watch.decision)
        others = tuple(str(each.workload) for each in taken.observation.surroundings.suspects)
        event = _event(announced.decision or watch.release.id, announced.stage, announced.rung)
        body: dict[str, object]
        body = {"said": announced.text, "decision": decision, "release": release, "others": list(others)}
        for channel in wanted:
            around = _around(thresholds, channel, taken, others)
            told = message.about_release(announced.stage, announced.text, release, decision, around)
            yield _notification(event, channel, announced.stage, told, around, body, str(announced.workload))

    def _about_daemon(self, stage: Stage, what: str, said: str, must: str, now: float) -> Iterator[Notification]:
        thresholds = self._thresholds()
        event = _event(stage, what, str(int(now)))
        for channel in thresholds.channels.values():
            if channel.wants(stage, None):
                around = Around(now, thresholds.cluster, channel.link)
                told = message.about_daemon(stage, what, said, must, around)
                yield _notification(event, channel, stage, told, around, {"said": said})


def _event(*parts: str) -> str:
    """The id of what is told; without dots, which signatures put between the parts that they are over."""
    return "/".join(part for part in parts if part).replace(".", "-")


def _watch_of(announced: Announce, taken: Taken) -> Watch | None:
    """The watch that it is about: one that ended in this step, or the one that goes on."""
    newest = taken.step.state.watch
    watches = [*taken.step.ended, *([newest] if newest is not None else [])]
    decided = (each for each in watches if each.decision is not None and each.decision.id == announced.decision)
    return next(decided, newest)


def _subject(workload: Workload, observation: Observation) -> Subject:
    labels = dict(observation.view.labels) if observation.view is not None else {}
    return Subject(workload.kind, workload.namespace, workload.name, labels)


def _around(thresholds: Thresholds, channel: Channel, taken: Taken, others: tuple[str, ...]) -> Around:
    seen = [each.watermark for each in taken.observation.sources if each.watermark is not None]
    view_age = taken.observation.surroundings.cache_age
    return Around(
        now=taken.now,
        cluster=thresholds.cluster,
        link=channel.link,
        others=others,
        view_age=view_age if math.isfinite(view_age) else None,
        metrics_age=max(0.0, taken.now - max(seen)) if seen else None,
    )


def _notification(
    event: str,
    channel: Channel,
    stage: Stage,
    told: Message,
    around: Around,
    body: dict[str, object],
    workload: str = "",
) -> Notification:
    return Notification(
        key=f"{event}@{channel.name}",
        event=event,
        channel=channel.name,
        at=around.now,
        stage=stage,
        workload=workload,
        title=_writable(told.title),
        text=_writable(told.text),
        body=json.dumps({"cluster": around.cluster, "workload": workload or None, **body}).encode(),
    )


def _writable(text: str) -> str:
    """Text of others may be no Unicode; what cannot be written must not cost the step."""
    return text.encode(errors="replace").decode()
