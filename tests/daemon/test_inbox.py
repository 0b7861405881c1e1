"""Mail is neither lost nor given twice, whatever comes in between peek and taken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.daemon.outside import CART
from watcher.core.model import Block, QueryValue, RungReport, Source
from watcher.daemon.inbox import MOST, Inbox, Mail

UP = Source("main", healthy=True)
REPORT = RungReport("d1", "undo", 1, "applied", 5.0)


def blocks(first: int, count: int) -> list[Block]:
    return [Block("errors", 15.0 * number, 15.0) for number in range(first, first + count)]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=30))
def test_every_block_is_used_by_exactly_one_durable_step(happens: list[tuple[int, bool]]) -> None:
    """Each time blocks come in while a step is under way, which then is durable or is not."""
    inbox, used, sent = Inbox(), list[Block](), 0
    for count, durable in happens:
        seen = inbox.peek(CART)
        inbox.measured(CART, blocks(sent, count), [], [UP])
        sent += count
        if durable:
            used += seen.blocks
            inbox.taken(CART, seen)
    assert [*used, *inbox.peek(CART).blocks] == blocks(0, sent)


def test_what_was_seen_does_not_change_when_more_comes_in() -> None:
    inbox = Inbox()
    inbox.measured(CART, blocks(0, 1), [QueryValue("lag", 1.0, 2.0)], [UP])
    seen = inbox.peek(CART)
    inbox.measured(CART, blocks(1, 1), [QueryValue("lag", 2.0, 2.0)], [UP])
    assert seen == Mail(tuple(blocks(0, 1)), (QueryValue("lag", 1.0, 2.0),), (UP,))
    inbox.taken(CART, seen)
    assert inbox.peek(CART) == Mail(tuple(blocks(1, 1)), (QueryValue("lag", 2.0, 2.0),), (UP,))


def test_a_report_that_comes_in_meanwhile_waits() -> None:
    inbox = Inbox()
    seen = inbox.peek(CART)
    inbox.reported(CART, REPORT)
    inbox.taken(CART, seen)
    assert inbox.peek(CART).report == REPORT
    inbox.taken(CART, inbox.peek(CART))
    assert inbox.peek(CART).report is None


def test_the_health_of_sources_is_the_newest_known() -> None:
    inbox, down = Inbox(), Source("main", healthy=False, problem="refused")
    inbox.measured(CART, [], [], [UP])
    inbox.measured(CART, [], [], [down])
    inbox.taken(CART, inbox.peek(CART))
    assert inbox.peek(CART).sources == (down,)
    inbox.forget(CART)
    inbox.taken(CART, Mail())
    assert inbox.mail == {}


def test_what_came_for_a_release_that_was_replaced_meanwhile_is_dropped() -> None:
    """The poll brings blocks of the old release while the step that replaces it is being written."""
    inbox = Inbox()
    inbox.measured(CART, blocks(0, 1), [], [UP], began=100.0)
    seen = inbox.peek(CART)
    inbox.measured(CART, blocks(1, 2), [QueryValue("lag", 2.0, 2.0)], [UP], began=100.0)
    inbox.taken(CART, seen)
    inbox.only_of(CART, began=100.0)
    assert list(inbox.peek(CART).blocks) == blocks(1, 2)
    inbox.only_of(CART, began=130.0)
    assert inbox.peek(CART) == Mail(sources=(UP,), began=100.0)
    inbox.measured(CART, blocks(3, 1), [], [UP], began=130.0)
    inbox.only_of(CART, began=130.0)
    assert list(inbox.peek(CART).blocks) == blocks(3, 1)


def test_while_nothing_can_be_recorded_only_the_newest_is_kept() -> None:
    inbox = Inbox()
    for number in range(3 * MOST):
        inbox.measured(CART, blocks(number, 1), [QueryValue("lag", 15.0 * number, 2.0)], [UP])
    mail = inbox.peek(CART)
    assert list(mail.blocks) == blocks(2 * MOST, MOST)
    assert [each.at for each in mail.queries] == [15.0 * number for number in range(2 * MOST, 3 * MOST)]


@given(st.lists(st.integers(0, MOST), max_size=6), st.lists(st.integers(0, MOST), max_size=6))
def test_what_is_dropped_meanwhile_is_not_taken_for_used(before: list[int], during: list[int]) -> None:
    inbox, sent = Inbox(), 0
    for count in before:
        inbox.measured(CART, blocks(sent, count), [], [UP])
        sent += count
    seen, used = inbox.peek(CART), sent
    for count in during:
        inbox.measured(CART, blocks(sent, count), [], [UP])
        sent += count
    inbox.taken(CART, seen)
    assert list(inbox.peek(CART).blocks) == blocks(used, sent - used)[-MOST:]
