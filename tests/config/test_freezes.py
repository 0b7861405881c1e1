"""Freeze windows of the thresholds file: what is refused, and when one is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.config.texts import GOOD, deployment, problems, thresholds
from watcher.config import explain
from watcher.config.freezes import Freeze
from watcher.core.words import Rung

BERLIN = ZoneInfo("Europe/Berlin")


def with_window(window: str) -> str:
    return GOOD + f"freezes: {{w: {window}}}\n"


def window(text: str) -> Freeze:
    (found,) = thresholds("  - match: {}\n", f"freezes: {{nights: {text}}}\n").freezes
    return found


def berlin(text: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


EITHER = "write start and for, or from and until"
CRON = 'write minute, hour, day of month, month and day of week, as in "0 18 * * FRI"'
TIME = "write it as 2026-12-20T18:00; timeZone says where"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", f"the window w does not say when it is open; {EITHER}"),
        ("{start: 0 1 * * *}", f"the window w lacks for; {EITHER}"),
        ("{for: 1h}", f"the window w lacks start; {EITHER}"),
        ("{from: 2026-12-20T18:00}", f"the window w lacks until; {EITHER}"),
        (
            "{start: 0 1 * * *, for: 1h, from: 2026-12-20T18:00, until: 2026-12-21T18:00}",
            (
                "the window w is one that comes again (start) and a single one (from);"
                f" {EITHER}, or make a window of each"
            ),
        ),
        (
            "{start: 0 25 * * *, for: 1h}",
            f"start '0 25 * * *' is no cron expression: bad hour; {CRON}",
        ),
        (
            "{start: '@daily', for: 1h}",
            f"start '@daily' is no cron expression: it does not have five fields; {CRON}",
        ),
        (
            "{start: 0 0 30 2 *, for: 1h}",
            f"start '0 0 30 2 *' is no cron expression: bad day-of-month; {CRON}",
        ),
        ("{start: 0 1 * * *, for: 0s}", "the window has no length; write a duration such as 10h"),
        (
            "{start: 0 1 * * *, for: 1d}",
            (
                "the window never closes: it opens again within 1d;"
                " write a shorter time; mode: observe keeps from acting for good"
            ),
        ),
        (
            "{start: 0 1 * * *, for: 1h, timeZone: europe/berlin}",
            "the time zone 'europe/berlin' is not known here; did you mean Europe/Berlin?",
        ),
        (
            "{start: 0 1 * * *, for: 1h, timeZone: ../../etc/passwd}",
            "the time zone '../../etc/passwd' is not known here; write an IANA name such as Europe/Berlin",
        ),
        (
            "{from: 2026-12-20, until: 2026-12-21T18:00}",
            f"from '2026-12-20' is not a date with a time; {TIME}",
        ),
        (
            "{from: 2026-12-20T18:00, until: 2026-12-20T18:00}",
            "until 2026-12-20T18:00 is not after from 2026-12-20T18:00; write a later one",
        ),
        (
            "{start: 0 1 * * *, for: 1h, except: {rungs: [undo, redo]}}",
            "rungs cannot be redo; use one of flag, abort, git, bridge, undo, sync",
        ),
        (
            "{start: 0 1 * * *, for: 1h, except: {}}",
            "except names nothing; write rungs: [flag, abort], or remove the key",
        ),
        (
            "{start: 0 1 * * *, for: 1h, match: {name: A_}}",
            (
                "the glob 'A_' can match no name;"
                " names in Kubernetes have lower-case letters, digits, - and .; * and ? stand for others"
            ),
        ),
        (
            f"{{start: 0 1 * * *, for: 1h, reason: {'x' * 201}}}",
            "the reason has 201 characters; write 200 at the most",
        ),
    ],
)
def test_what_is_refused(text: str, expected: str) -> None:
    (problem,) = problems(with_window(text))
    place, _, told = problem.partition(" ")
    assert told == expected
    assert place.startswith("10:")


def test_a_mistake_is_named_where_it_stands() -> None:
    assert problems(with_window("{start: 0 1 * * *, for: 0s}"))[0].startswith("10:38 the window has no length;")


def test_a_window_that_comes_again_in_its_own_time_zone() -> None:
    weekend = window(
        "{start: 0 18 * * FRI, for: 62h, timeZone: Europe/Berlin, except: {rungs: [flag, abort]}, reason: quiet}"
    )
    assert weekend.open_at(berlin("2026-11-27T17:59:59")) is None
    found = weekend.open_at(berlin("2026-11-27T18:00:00"))
    assert found is not None
    assert (found.name, found.until, found.reason) == ("nights", berlin("2026-11-30T08:00"), "quiet")
    assert found.rungs == (Rung.FLAG, Rung.ABORT)
    assert weekend.open_at(berlin("2026-11-30T07:59:59")) == found
    assert weekend.open_at(berlin("2026-11-30T08:00:00")) is None


def test_a_single_window() -> None:
    holidays = window("{from: 2026-12-20T18:00, until: 2027-01-04T08:00, timeZone: Europe/Berlin}")
    assert holidays.open_at(berlin("2026-12-20T17:59:59")) is None
    found = holidays.open_at(berlin("2026-12-20T18:00"))
    assert found is not None
    assert found.until == berlin("2027-01-04T08:00")
    assert holidays.open_at(berlin("2027-01-04T08:00")) is None


def test_where_the_clock_is_put_forward_it_opens_at_the_end_of_the_hour_that_is_left_out() -> None:
    nights = window("{start: 30 2 * * *, for: 1h, timeZone: Europe/Berlin}")
    assert nights.open_at(berlin("2026-03-29T01:59:59")) is None
    found = nights.open_at(berlin("2026-03-29T03:00:00"))
    assert found is not None
    assert found.until == berlin("2026-03-29T04:00")


def test_where_the_clock_is_put_back_it_opens_in_the_first_of_the_two_hours() -> None:
    nights = window("{start: 45 2 * * *, for: 2h, timeZone: Europe/Berlin}")
    first = berlin("2026-10-25T02:45", fold=0)
    assert nights.open_at(first - 1) is None
    for later in (0, 1800, 3600, 7199):  # amid them is 02:15 for the second time
        found = nights.open_at(first + later)
        assert found is not None
        assert found.until == first + 7200
    assert nights.open_at(first + 7200) is None


def test_ten_hours_are_ten_hours_that_pass() -> None:
    nights = window("{start: 0 22 * * *, for: 10h, timeZone: Europe/Berlin}")
    found = nights.open_at(berlin("2026-03-29T00:00"))
    assert found is not None
    assert found.until == berlin("2026-03-29T09:00")


def test_every_minute_of_two_years_agrees_with_the_list_of_its_openings() -> None:
    """Every quarter of an hour, against a list that goes forward."""
    nights = window("{start: '15 1,23 * * SUN,WED', for: 90m, timeZone: America/New_York}")
    zone = ZoneInfo("America/New_York")
    opens = set()
    day = datetime(2025, 12, 30, tzinfo=UTC)
    while day.year < 2028:
        local = day.date()
        if local.weekday() in (6, 2):
            opens |= {
                datetime(local.year, local.month, local.day, hour, 15, tzinfo=zone).timestamp() for hour in (1, 23)
            }
        day += timedelta(days=1)
    for quarter in range(0, 2 * 365 * 96, 5):
        now = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + quarter * 900
        assert (nights.open_at(now) is not None) == any(
            each <= now < each + 5400 for each in opens if now - each < 9000
        )


def test_it_is_for_the_workloads_that_match_and_explained() -> None:
    loaded = thresholds(
        "  - match: {}\n",
        "freezes: {pay: {start: 0 22 * * *, for: 10h, match: {namespace: pay}, except: {rungs: undo}}}\n".replace(
            "rungs: undo", "rungs: [undo]"
        ),
    )
    (pay,) = loaded.freezes
    assert pay.concerns(deployment("pay"))
    assert not pay.concerns(deployment("shop"))
    rows = {row.key: (row.value, row.origin) for row in explain(loaded, deployment("pay")).rows}
    assert rows["freezes.pay"] == ("0 22 * * * for 10h in UTC, except undo", "thresholds.yaml:7")
    assert "freezes.pay" not in {row.key for row in explain(loaded, deployment("shop")).rows}


def test_freezes_are_part_of_what_the_file_means() -> None:
    one, other = (
        thresholds("  - match: {}\n", f"freezes: {{a: {{start: 0 22 * * *, for: {hours}h}}}}\n") for hours in (1, 2)
    )
    assert one.digest != other.digest
