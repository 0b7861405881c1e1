"""One log with something for each section of the report; `python -m tests.reporting.sample` writes its page anew."""

from __future__ import annotations

from pathlib import Path

from tests.reporting.story import BEGIN, CHECKOUT, DAY, MINUTE, Story
from watcher.ports import API_SERVER, FAILED, PASSED, BlindnessRow, RehearsalRow
from watcher.reporting.markdown import markdown

PAGE = Path(__file__).with_name("page.md")
HOUR = 60 * MINUTE


def sample() -> Story:
    """The log."""
    story = Story()
    for number in range(6):
        story.release(f"v{number}", number * DAY)
    bad = story.release("v6", 6 * DAY, "breach", ended=6 * DAY + 20 * MINUTE)
    story.label(story.decide(bad, 6 * DAY + 3 * MINUTE, target="v5"), "right", "bad | cache <key>")
    story.release("v5", 6 * DAY + 21 * MINUTE, returns=True)
    story.release("v7", 7 * DAY)
    story.cover()
    _checkout(story)
    story.cover("Deployment/shop/mail", "blind", "errors: no series of http_requests_total resolve to its pods")
    story.cover("Deployment/infra/batch", "unmatched", "no entry of services matches it", mode="none", rung="")
    story.blindness = [
        BlindnessRow(BEGIN + 6 * DAY, API_SERVER, 300 * HOUR, 0.0),
        BlindnessRow(BEGIN + 6 * DAY, "main", 9 * HOUR, 11.5 * MINUTE),
    ]
    story.rehearsals = [
        rehearsed(number, at=BEGIN + number * DAY, seconds=40.0 + number, result=PASSED if number != 2 else FAILED)
        for number in range(4)
    ]
    return story


def rehearsed(number: int, *, at: float, seconds: float, result: str) -> RehearsalRow:
    message = "not as before: spec.replicas: was 4, is 3" if result == FAILED else f"restored {seconds} s after"
    return RehearsalRow(
        f"h{number}", at, "Deployment/shop-drill/cart", "undo", result, seconds, "drill", message, b"{}"
    )


def _checkout(story: Story) -> None:
    story.release("c1", HOUR, workload=CHECKOUT)
    story.aborted("c2", DAY, DAY + 2 * MINUTE, workload=CHECKOUT)
    held = story.release("c3", 2 * DAY, "breach", workload=CHECKOUT)
    guards = [("fleet_veto", "4 of 5 other services began to suffer the same at that time")]
    story.decide(held, 2 * DAY + 4 * MINUTE, action="hold", guards=guards)
    done = story.release("c4", 3 * DAY, "breach", workload=CHECKOUT)
    story.decide(
        done,
        3 * DAY + 2 * MINUTE,
        mode="act",
        target="c1",
        outcome="restored",
        first_bad=3 * DAY + MINUTE,
        restored=3 * DAY + 4 * MINUTE,
    )
    reason = "too little was seen for a verdict"
    story.release("c5", 4 * DAY, "inconclusive", workload=CHECKOUT, reason=reason)
    story.release("c6", 13.5 * DAY, "", workload=CHECKOUT, ended=None)
    story.cover(CHECKOUT, "quiet", reason, rung="abort")


if __name__ == "__main__":
    PAGE.write_text(markdown(sample().report()))
