"""What came in for each workload since its last recorded step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from watcher.core.model import Approval, Block, Fleet, QueryValue, Request, RungReport, Source, Word, Workload

MOST = 6000
"""Blocks, and values of queries, that wait for one workload: about two hours of four checks.  More come together only
while the decision log cannot be written, when nothing is judged; the oldest are dropped then, which is less evidence.
"""


PERSONS = ("approval", "request", "word")
"""What people give; each waits for the answer to it."""


@dataclass(slots=True)
class Mail:
    """Measurements and reports that wait for the next step.

    `began`: when the release began that the measurements are of, Unix seconds.  `before` counts the blocks and the
    values that came before the first one here: they were taken or dropped.
    """

    blocks: tuple[Block, ...] = ()
    queries: tuple[QueryValue, ...] = ()
    sources: tuple[Source, ...] = ()
    report: RungReport | None = None
    fleet: Fleet | None = None
    approval: Approval | None = None
    request: Request | None = None
    word: Word | None = None
    began: float = 0.0
    before: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(slots=True)
class Inbox:
    """Mail by workload.  It is taken out only once the step that used it is durable."""

    mail: dict[Workload, Mail] = field(default_factory=dict)

    def measured(
        self,
        workload: Workload,
        blocks: Iterable[Block],
        queries: Iterable[QueryValue],
        sources: Iterable[Source],
        began: float = 0.0,
    ) -> None:
        """Add what a poll brought for the release that `began` then; the health of sources is the newest known."""
        mail = self.mail.setdefault(workload, Mail())
        mail.began = began
        mail.blocks = (*mail.blocks, *blocks)
        mail.queries = (*mail.queries, *queries)
        mail.sources = tuple(sources)
        _drop(mail, len(mail.blocks) - MOST, len(mail.queries) - MOST)

    def looked(self, workload: Workload, fleet: Fleet) -> None:
        """Keep what was seen of the other services."""
        self.mail.setdefault(workload, Mail()).fleet = fleet

    def fleet(self, workload: Workload) -> Fleet | None:
        """What was seen of the other services, or None."""
        mail = self.mail.get(workload)
        return None if mail is None else mail.fleet

    def reported(self, workload: Workload, report: RungReport) -> None:
        """Add the report of an attempt.  There is one attempt at a time, so the one before was taken."""
        self.mail.setdefault(workload, Mail()).report = report

    def approved(self, workload: Workload, approval: Approval) -> None:
        """Add what a person has approved."""
        self.mail.setdefault(workload, Mail()).approval = approval

    def commanded(self, workload: Workload, request: Request) -> None:
        """Add the rollback that a person has commanded."""
        self.mail.setdefault(workload, Mail()).request = request

    def told(self, workload: Workload, word: Word) -> None:
        """Add what a person has said of a revision."""
        self.mail.setdefault(workload, Mail()).word = word

    def withdraw(self, workload: Workload, given: Approval | Request | Word) -> bool:
        """Take back what a person has given and no step has taken up; whether there was such a thing."""
        mail = self.mail.get(workload)
        for name in PERSONS if mail is not None else ():
            if getattr(mail, name) is given:
                setattr(mail, name, None)
                return True
        return False

    def peek(self, workload: Workload) -> Mail:
        """What waits for this workload."""
        return replace(self.mail.get(workload, Mail()))

    def taken(self, workload: Workload, seen: Mail) -> None:
        """Forget what a durable step has used; the health of sources stays known."""
        mail = self.mail.get(workload)
        if mail is None:
            return
        _drop(
            mail,
            seen.before[0] + len(seen.blocks) - mail.before[0],
            seen.before[1] + len(seen.queries) - mail.before[1],
        )
        mail.report = None if mail.report is seen.report else mail.report
        for name in PERSONS:
            if getattr(mail, name) is getattr(seen, name):
                setattr(mail, name, None)

    def only_of(self, workload: Workload, began: float) -> None:
        """Drop what was measured for another release than the one that began then: it came while it was replaced."""
        mail = self.mail.get(workload)
        if mail is not None and mail.began != began:
            _drop(mail, len(mail.blocks), len(mail.queries))

    def forget(self, workload: Workload) -> None:
        """Forget a workload that needs no data any more, but for what people have given since its last step."""
        mail = self.mail.pop(workload, None)
        if mail is not None and any(getattr(mail, name) is not None for name in PERSONS):
            self.mail[workload] = Mail(approval=mail.approval, request=mail.request, word=mail.word)


def _drop(mail: Mail, blocks: int, queries: int) -> None:
    """Take so many from the front; none where fewer than one."""
    blocks, queries = max(0, blocks), max(0, queries)
    mail.blocks, mail.queries = mail.blocks[blocks:], mail.queries[queries:]
    mail.before = mail.before[0] + blocks, mail.before[1] + queries
