"""Who may write, by a Lease: single rules, and that over random schedules there are never two."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.core.election import (
    Candidate,
    KeptLease,
    Lease,
    Times,
    claim,
    observed,
    release,
    renewal,
    stood_down,
    written,
)

WALL = 1_700_000_000.0
HELD = KeptLease(Lease("other", 10, WALL, WALL, 3), "7")
FREE = KeptLease(Lease("", 1, WALL, WALL, 3), "8")


def leader(renewed_at: float = 100.0) -> Candidate:
    lease = Lease("me", 10, WALL, WALL, 0)
    return written(Candidate("me"), KeptLease(lease, "1"), renewed_at)


def test_where_there_is_none_it_is_created() -> None:
    assert claim(observed(Candidate("me"), None, 5.0), None, 5.0, WALL) == Lease("me", 10, WALL, WALL, 0)


def test_a_free_one_is_taken_at_once_and_the_transition_counted() -> None:
    assert claim(observed(Candidate("me"), FREE, 5.0), FREE, 5.0, WALL) == Lease("me", 10, WALL, WALL, 4)


def test_another_s_is_taken_when_it_was_seen_unchanged_for_its_duration() -> None:
    seen = observed(Candidate("me"), HELD, 5.0)
    assert claim(observed(seen, HELD, 14.9), HELD, 14.9, WALL) is None
    assert claim(observed(seen, HELD, 15.0), HELD, 15.0, WALL + 3) == Lease("me", 10, WALL + 3, WALL + 3, 4)


def test_a_renewal_begins_the_waiting_anew_whatever_its_times_say() -> None:
    """The holder's clock is a day behind, and jumps."""
    seen = observed(Candidate("me"), HELD, 5.0)
    renewed = KeptLease(replace(HELD.lease, renewed=WALL - 86400.0), "9")
    assert claim(observed(seen, renewed, 14.0), renewed, 23.9, WALL) is None
    assert claim(observed(seen, renewed, 14.0), renewed, 24.0, WALL) is not None


def test_a_change_that_is_none_of_the_holder_s_does_not() -> None:
    """Somebody puts a label on it: the version is another, what it says is the same."""
    labelled = replace(HELD, version="9")
    seen = observed(observed(Candidate("me"), HELD, 5.0), labelled, 14.0)
    assert claim(seen, labelled, 15.0, WALL) is not None
    assert seen.seen == labelled


def test_one_that_vanished_counts_as_held_until_it_would_have_run_out() -> None:
    seen = observed(Candidate("me"), HELD, 5.0)
    gone = observed(seen, None, 8.0)
    assert claim(gone, None, 8.0, WALL) is None
    assert claim(observed(gone, None, 15.0), None, 15.0, WALL) == Lease("me", 10, WALL, WALL, 0)


def test_a_leader_whose_lease_vanished_creates_it_again() -> None:
    gone = observed(leader(), None, 102.0)
    assert gone.leads(102.0)
    assert claim(gone, None, 102.0, WALL) is not None


def test_a_leader_writes_without_reading_and_keeps_when_it_took_it() -> None:
    assert renewal(leader(), 102.0, WALL + 2) == Lease("me", 10, WALL, WALL + 2, 0)
    assert renewal(leader(), 107.0, WALL + 7) is None
    assert renewal(observed(Candidate("me"), HELD, 5.0), 6.0, WALL) is None


def test_it_stops_at_the_renew_deadline_counted_from_when_it_was_sent() -> None:
    late = written(leader(), KeptLease(Lease("me", 10, WALL, WALL, 0), "2"), sent_at=101.0)
    assert late.leads(107.9)
    assert not late.leads(108.0)
    assert late.left(107.9) > 3.0
    assert late.left(108.0) == 0.0


def test_it_stops_at_once_when_another_holds_it() -> None:
    assert not observed(leader(), HELD, 101.0).leads(101.0)


def test_an_answer_that_comes_after_the_deadline_makes_nobody_a_leader() -> None:
    """The process was stopped while it waited for it."""
    assert not leader(renewed_at=100.0).leads(125.0)


def test_what_was_written_without_an_answer_is_ours_all_the_same() -> None:
    ours = KeptLease(Lease("me", 10, WALL, WALL, 4), "9")
    seen = observed(observed(Candidate("me"), HELD, 5.0), ours, 16.0)
    assert claim(seen, ours, 16.0, WALL + 1) == Lease("me", 10, WALL, WALL + 1, 4)


def test_it_is_given_back_if_it_is_ours() -> None:
    ours = KeptLease(Lease("me", 10, WALL, WALL, 4), "9")
    assert release(stood_down(leader()), ours, WALL + 5) == Lease("", 1, WALL + 5, WALL + 5, 4)
    assert release(stood_down(leader()), HELD, WALL) is None
    assert release(stood_down(leader()), None, WALL) is None
    assert not stood_down(leader()).leads(101.0)


@dataclass
class Server:
    """The Lease at the API server: each write holds only for the version that was read."""

    kept: KeptLease | None = None
    versions: int = 0

    def write(self, lease: Lease, version: str) -> KeptLease | None:
        if version != (self.kept.version if self.kept is not None else ""):
            return None
        self.versions += 1
        self.kept = KeptLease(lease, str(self.versions))
        return self.kept


@dataclass
class Asked:
    """A write on its way, and when it was sent by the sender's clock."""

    lease: Lease
    version: str
    sent_at: float


@dataclass
class Player:
    """A process, its own clock, and its requests; those that it gave up may still arrive."""

    rate: float
    offset: float
    candidate: Candidate
    waiting: Asked | None = None
    stray: list[Asked] = field(default_factory=list)

    def clock(self, now: float) -> float:
        return now * self.rate + self.offset

    def leads(self, now: float) -> bool:
        return self.candidate.leads(self.clock(now))

    def ask(self, server: Server, now: float) -> None:
        """Renew, or read and claim; what was asked before and is not answered is given up."""
        if self.waiting is not None:
            self.stray.append(self.waiting)
            self.waiting = None
        local = self.clock(now)
        lease = renewal(self.candidate, local, now)
        if lease is not None and self.candidate.seen is not None:
            self.waiting = Asked(lease, self.candidate.seen.version, local)
            return
        self.candidate = observed(self.candidate, server.kept, local)
        lease = claim(self.candidate, server.kept, local, now)
        if lease is not None:
            self.waiting = Asked(lease, server.kept.version if server.kept is not None else "", local)

    def hear(self, server: Server) -> None:
        """The write arrives and is answered."""
        if self.waiting is None:
            return
        asked, self.waiting = self.waiting, None
        kept = server.write(asked.lease, asked.version)
        if kept is not None:
            self.candidate = written(self.candidate, kept, asked.sent_at)

    def lose(self, server: Server) -> None:
        """The write arrives, and the answer is lost."""
        if self.waiting is not None:
            server.write(self.waiting.lease, self.waiting.version)
            self.waiting = None

    def stray_arrives(self, server: Server) -> None:
        """A write that was given up long ago arrives."""
        if self.stray:
            asked = self.stray.pop(0)
            server.write(asked.lease, asked.version)

    def reread(self, server: Server, now: float) -> None:
        """Look what there is, as after a renewal that failed."""
        self.candidate = observed(self.candidate, server.kept, self.clock(now))

    def give_back(self, server: Server, now: float) -> None:
        """End in order, and begin anew."""
        self.candidate = stood_down(self.candidate)
        lease = release(self.candidate, server.kept, now)
        if lease is not None and server.kept is not None:
            server.write(lease, server.kept.version)

    def restart(self, generation: int) -> None:
        """Die, and start as another one; what was sent is still on its way."""
        if self.waiting is not None:
            self.stray.append(self.waiting)
            self.waiting = None
        self.candidate = Candidate(f"{self.candidate.identity.partition('.')[0]}.{generation}")


RARE = ("ask", "hear", "lose", "stray", "reread", "give_back", "restart")
EVENTS = st.tuples(
    st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 6.5, 20.0]),  # seconds until then
    st.sampled_from([0, 1, 0, 1, 2]),
    st.sampled_from(["turn"] * 8 + list(RARE)),
)
RATES = st.sampled_from([0.85, 1.0, 1.15])  # of a process's clock, far beyond any real one: 10 s / 1.15 > 7 s / 0.85


@settings(max_examples=300)
@given(st.lists(EVENTS, min_size=10, max_size=40), st.tuples(RATES, RATES, RATES))
def test_over_random_schedules_there_are_never_two_leaders(
    events: list[tuple[float, int, str]], rates: tuple[float, float, float]
) -> None:
    """Requests late, lost or answered in vain; pauses; restarts; clocks that differ and drift."""
    server, now = Server(), 0.0
    players = [Player(rate, 1000.0 * number, Candidate(f"p{number}")) for number, rate in enumerate(rates)]
    for number, (after, who, doing) in enumerate(events):
        now += after
        _do(players[who], doing, server, now, number)
        assert sum(player.leads(now) for player in players) <= 1


def _do(player: Player, doing: str, server: Server, now: float, number: int) -> None:
    match doing:
        case "turn":
            player.ask(server, now)
            player.hear(server)
        case "ask":
            player.ask(server, now)
        case "hear":
            player.hear(server)
        case "lose":
            player.lose(server)
        case "stray":
            player.stray_arrives(server)
        case "reread":
            player.reread(server, now)
        case "give_back":
            player.give_back(server, now)
        case "restart":
            player.restart(number)


@given(st.floats(0.0, 10.0), st.lists(st.floats(2.0, 4.4), min_size=12, max_size=12))
def test_after_the_leader_died_another_one_leads_in_time(died_after: float, pauses: list[float]) -> None:
    """At the latest a duration and the longest pause after it was last renewed and seen."""
    times, server = Times(), Server()
    first, second = Player(1.0, 0.0, Candidate("p0")), Player(1.0, 0.0, Candidate("p1"))
    first.ask(server, died_after)
    first.hear(server)
    now = died_after
    for pause in pauses:
        second.ask(server, now)
        second.hear(server)
        if second.leads(now):
            break
        now += pause
    assert second.leads(now)
    assert times.duration <= now - died_after <= times.duration + times.retry * (1 + times.jitter)
