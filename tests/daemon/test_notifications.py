"""Being told: written with the step, delivered beside it, again after a crash, and never too much."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.contract.store.rows import notification
from tests.daemon.life import THRESHOLDS, Life, alive, configure, living, virtual
from tests.daemon.outside import Outside
from watcher.config.channels import Channel
from watcher.core.telling import message
from watcher.ports import DELIVERED, Commit, Notification, Rejected, Unavailable

pytestmark = virtual

ONCALL = "notifications: {oncall: {apprise: {urlsFile: urls}}}\n"


@dataclass
class Couriers:
    """Keeps what is delivered; `failing` is raised instead, `seconds` is how long an attempt takes."""

    delivered: list[Notification] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    failing: BaseException | None = None
    seconds: float = 0.1
    hangs: frozenset[str] = frozenset()

    def __call__(self, channel: Channel) -> Couriers:
        return self

    async def deliver(self, told: Notification) -> None:
        self.attempts.append(told.event)
        if told.channel in self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(self.seconds)
        if self.failing is not None:
            raise self.failing
        self.delivered.append(told)

    @property
    def stages(self) -> list[str]:
        return [each.stage for each in self.delivered]


@pytest.fixture
def couriers(monkeypatch: pytest.MonkeyPatch) -> Couriers:
    found = Couriers()
    monkeypatch.setattr("tests.daemon.life.COURIERS", found)
    return found


def value(life: Life, name: str, **labels: str) -> float | None:
    return life.daemon.telemetry.registry.get_sample_value(name, labels)


async def until(true: Callable[[], object], within: float = 900.0) -> None:
    for _ in range(int(within)):
        if true():
            return
        await asyncio.sleep(1.0)
    raise AssertionError(f"not within {within:.0f} s")


async def test_a_rollback_is_told_from_beginning_to_end(thresholds: Path, couriers: Couriers) -> None:
    configure(thresholds, THRESHOLDS + "cluster: prod-eu-1\n" + ONCALL)
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        await until(lambda: "restored" in couriers.stages, 10.0)
        assert couriers.stages == ["rolling_back", "restored"]
        begun, ended = couriers.delivered
        assert begun.title == "Rolling back shop/cart (prod-eu-1)"
        assert begun.text.splitlines()[0].startswith("Over? No: it is still acting, bad since ")
        assert "to stop it: kubectl -n shop annotate deployment cart" in begun.text
        assert ended.title == "Recovered after rollback: shop/cart (prod-eu-1)"
        assert ended.text.startswith("Over? Yes: the service has recovered, durable, since ")
        row = life.outside.store.decision(begun.event.partition("/")[0])
        assert (begun.event, ended.event) == (f"{row.id}/rolling_back", f"{row.id}/restored")
        assert json.loads(ended.body)["decision"]["outcome"] == "restored"
        assert life.outside.store.backlog() == {}
        assert value(life, "watcher_notifications_total", channel="oncall", result=DELIVERED) == 2
        assert value(life, "watcher_notifications_waiting", channel="oncall") == 0


async def test_what_is_told_is_durable_in_the_commit_of_its_cause(thresholds: Path, couriers: Couriers) -> None:
    configure(thresholds, THRESHOLDS + ONCALL)
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        together = [
            (each.transitions[0].kind, [row.stage for row in each.notifications])
            for each in life.store.commits
            if each.notifications
        ]
        assert [stages for _, stages in together] == [["rolling_back"], ["restored"]]
        assert "roll_back" in together[0][0]
        assert "restored" in together[1][0]


async def test_after_a_kill_what_was_recorded_is_told_and_nothing_is_told_anew(
    thresholds: Path, couriers: Couriers
) -> None:
    """Killed right after the commit of the decision, before anything could be sent."""
    configure(thresholds, THRESHOLDS + ONCALL)
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        couriers.hangs = frozenset({"oncall"})
        outside.release("v2", errors=0.2)
        await life.until(outside.store.backlog)
        life.kill()
        assert couriers.delivered == []
        await asyncio.sleep(3.0)
        couriers.hangs = frozenset()
        again = await Life.begin(outside, thresholds)
        await again.until_outcome("restored")
        await until(lambda: "restored" in couriers.stages, 20.0)
        assert couriers.stages == ["rolling_back", "restored"]
        await again.end()


async def test_a_kill_between_sending_and_noting_it_tells_twice_under_the_same_id(
    thresholds: Path, couriers: Couriers
) -> None:
    configure(thresholds, THRESHOLDS + ONCALL)
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        outside.store.commit(Commit(notifications=(notification(at=outside.clock.now()),)))
        await life.until(lambda: life.store.commits and couriers.attempts, 20.0)
        life.kill()
        await asyncio.sleep(3.0)
        again = await Life.begin(outside, thresholds)
        await until(lambda: not outside.store.backlog(), 20.0)
        assert {each.event for each in couriers.delivered} == {"d1/held"}
        assert 1 <= len(couriers.delivered) <= 2
        await again.end()


async def test_a_channel_that_hangs_delays_neither_another_nor_the_rollback(
    thresholds: Path, couriers: Couriers
) -> None:
    two = "notifications: {dead: {apprise: {urlsFile: a}}, oncall: {apprise: {urlsFile: b}}}\n"
    couriers.hangs = frozenset({"dead"})
    configure(thresholds, THRESHOLDS + two)
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        await until(lambda: "restored" in couriers.stages, 10.0)
        assert {each.channel for each in couriers.delivered} == {"oncall"}
        assert life.outside.store.backlog()["dead"][0] == 2
        assert life.daemon.stepping.failed == {}


async def test_an_attempt_that_a_library_cancels_ends_neither_the_channel_nor_the_daemon(
    thresholds: Path, couriers: Couriers
) -> None:
    configure(thresholds, THRESHOLDS + ONCALL)
    async with living(thresholds) as life:
        couriers.failing = asyncio.CancelledError()
        waiting(life.outside, 1)
        await until(lambda: len(couriers.attempts) > 1, 60.0)
        couriers.failing = None
        await until(lambda: couriers.delivered, 60.0)
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")


def waiting(outside: Outside, count: int) -> None:
    """Notifications that wait, one a second until now."""
    now = outside.clock.now()
    rows = tuple(
        notification(f"d{number}/held", at=now - count + number, body=b'{"cluster": "c1"}') for number in range(count)
    )
    outside.store.commit(Commit(notifications=rows))


async def test_an_attempt_that_fails_is_made_again_with_growing_pauses(thresholds: Path, couriers: Couriers) -> None:
    configure(thresholds, THRESHOLDS + ONCALL)
    async with living(thresholds) as life:
        couriers.failing = Unavailable("connection refused")
        waiting(life.outside, 3)
        await asyncio.sleep(70.0)
        assert couriers.attempts == ["d0/held"] * 6, "in order: the first one first"
        assert value(life, "watcher_notifications_waiting", channel="oncall") == 3
        assert (value(life, "watcher_notifications_oldest_seconds", channel="oncall") or 0) > 60.0
        couriers.failing = None
        await until(lambda: len(couriers.delivered) == 3, 120.0)
        assert [each.event for each in couriers.delivered] == ["d0/held", "d1/held", "d2/held"]
        assert (
            value(life, "watcher_notifications_total", channel="oncall", result="failed") == len(couriers.attempts) - 3
        )
        assert len(life.outside.log_of("channel_not_reached")) == 1
        assert len(life.outside.log_of("channel_reached_again")) == 1


async def test_what_is_too_old_is_given_up_and_that_is_told(thresholds: Path, couriers: Couriers) -> None:
    configure(thresholds, THRESHOLDS + "notifications: {oncall: {apprise: {urlsFile: u}, expire: 2m}}\n")
    async with living(thresholds) as life:
        couriers.failing = Unavailable("connection refused")
        waiting(life.outside, 2)
        await until(lambda: not life.outside.store.backlog(), 500.0)
        assert value(life, "watcher_notifications_total", channel="oncall", result="lost") == 2
        lost = life.outside.log_of("notification_lost")
        assert [(line["id"], line["channel"]) for line in lost] == [("d0/held", "oncall"), ("d1/held", "oncall")]


async def test_a_message_that_is_refused_is_lost_and_the_next_is_sent(thresholds: Path, couriers: Couriers) -> None:
    configure(thresholds, THRESHOLDS + ONCALL)
    async with living(thresholds) as life:
        couriers.failing = Rejected("too large")
        waiting(life.outside, 2)
        await until(lambda: not life.outside.store.backlog(), 30.0)
        assert couriers.attempts == ["d0/held", "d1/held"]
        assert [line["why"] for line in life.outside.log_of("notification_lost")] == ["too large"] * 2


async def test_a_fault_of_a_courier_is_one_more_failure(thresholds: Path, couriers: Couriers) -> None:
    configure(thresholds, THRESHOLDS + ONCALL)
    async with living(thresholds) as life:
        couriers.failing = KeyError("a token")
        waiting(life.outside, 1)
        await asyncio.sleep(20.0)
        (line,) = life.outside.log_of("channel_not_reached")
        assert "KeyError" in line["error"]
        assert "token" not in line["error"]
        couriers.failing = None
        await until(lambda: couriers.delivered, 60.0)


async def test_beyond_the_rate_the_others_are_told_by_number(thresholds: Path, couriers: Couriers) -> None:
    rate = "rate: {max: 3, window: 5m}"
    configure(
        thresholds, THRESHOLDS + f"cluster: c1\nnotifications: {{oncall: {{apprise: {{urlsFile: u}}, {rate}}}}}\n"
    )
    async with living(thresholds) as life:
        waiting(life.outside, 10)
        await until(lambda: not life.outside.store.backlog(), 30.0)
        assert [each.title for each in couriers.delivered[2:]] == ["8 more messages (c1)"]
        assert couriers.delivered[2].text.count("- Bad release, rollback held: shop/cart") == 8
        assert value(life, "watcher_notifications_total", channel="oncall", result="summed_up") == 8
        waiting(life.outside, 11)
        await asyncio.sleep(60.0)
        assert len(couriers.delivered) == 3, "the window is used up; what was told before is not told again"
        await until(lambda: not life.outside.store.backlog(), 400.0)
        assert [each.event for each in couriers.delivered[3:]] == ["d10/held"]


async def test_who_may_not_act_does_not_tell(thresholds: Path, couriers: Couriers) -> None:
    configure(thresholds, THRESHOLDS + ONCALL)
    async with living(thresholds) as life:
        life.daemon.stepping.situation.stopping = True
        waiting(life.outside, 1)
        await asyncio.sleep(60.0)
        assert couriers.attempts == []
        life.daemon.stepping.situation.stopping = False
        await until(lambda: couriers.delivered, 10.0)


async def test_a_log_that_cannot_be_written_does_not_make_it_tell_again_and_again(
    thresholds: Path, couriers: Couriers
) -> None:
    configure(thresholds, THRESHOLDS + ONCALL)
    async with living(thresholds) as life:
        waiting(life.outside, 2)
        life.store.failing = Unavailable("disk full")
        await asyncio.sleep(60.0)
        assert couriers.attempts == ["d0/held"]
        life.store.failing = None
        await until(lambda: not life.outside.store.backlog(), 30.0)
        assert couriers.attempts == ["d0/held", "d1/held"]


async def test_channels_follow_the_thresholds_file(thresholds: Path, couriers: Couriers) -> None:
    configure(thresholds, THRESHOLDS + ONCALL)
    async with living(thresholds) as life:
        couriers.failing = Unavailable("connection refused")
        waiting(life.outside, 1)
        await asyncio.sleep(10.0)
        configure(thresholds, THRESHOLDS + ONCALL.replace("oncall", "bus"))
        await until(lambda: not life.outside.store.backlog(), 30.0)
        (line,) = life.outside.log_of("channel_gone")
        assert line["channel"] == "oncall"
        couriers.failing = None
        row = notification(channel="bus", at=life.outside.clock.now())
        life.outside.store.commit(Commit(notifications=(row,)))
        await until(lambda: couriers.delivered, 10.0)


async def test_a_file_that_is_refused_and_a_blind_source_are_told_once(thresholds: Path, couriers: Couriers) -> None:
    good = THRESHOLDS + ONCALL
    configure(thresholds, good)
    async with living(thresholds) as life:
        configure(thresholds, good.replace("max: 1%", "max: 1 %%"))
        await until(lambda: couriers.delivered, 20.0)
        (refused,) = couriers.delivered
        assert refused.title == "Thresholds file refused"
        assert f"mend the file, see: watcher check {thresholds}" in refused.text
        assert "is not a bound" in refused.text
        life.outside.release("v2")
        await asyncio.sleep(20.0)
        life.outside.blind = "connection refused"
        await asyncio.sleep(500.0)
        assert couriers.stages == ["config_rejected", "source_blind"]
        assert couriers.delivered[1].title == "Blind: no usable answer from source main"
        assert [reason for reason, _ in life.outside.warned] == ["ThresholdsRejected", "SourceBlind"]
        life.outside.blind = ""
        await asyncio.sleep(60.0)


async def test_a_fault_in_writing_a_message_costs_the_message_and_nothing_else(
    thresholds: Path, couriers: Couriers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("fault")

    configure(thresholds, THRESHOLDS + ONCALL)
    monkeypatch.setattr(message, "about_release", fails)
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        assert len(life.outside.writes) == 1
        assert couriers.attempts == []
        assert value(life, "watcher_notifications_total", channel="oncall", result="lost") == 2
        assert len(life.outside.log_of("notification_not_written")) == 2


async def test_without_channels_nothing_is_kept(thresholds: Path, couriers: Couriers) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        assert life.outside.store.backlog() == {}
        assert couriers.attempts == []
