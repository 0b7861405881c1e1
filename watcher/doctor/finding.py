"""Kinds of findings, each declared once, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from string import Template
from typing import Any


class Severity(StrEnum):
    """How much a finding matters, the worst first."""

    CRITICAL = "critical"  # a rollback would fail or go wrong, or nothing is seen at all
    WARNING = "warning"  # something is not seen, or the way back is slower or less sure than it could be
    INFO = "info"  # worth knowing


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of finding.

    `what` and `mend` are templates: `$name` stands for what was found.  `mend` is the command, patch or setting that
    mends it; `why` says what it means in an incident.
    """

    id: str
    severity: Severity
    what: str
    why: str
    mend: str

    def found(self, subject: object, **names: object) -> Finding:
        """A finding of this kind about `subject`.  Raises KeyError where a name of the templates is missing."""
        filled = {"subject": subject, **names}
        return Finding(
            self, str(subject), Template(self.what).substitute(filled), Template(self.mend).substitute(filled)
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found about a workload, a check, a source, the account or the process."""

    kind: Kind
    subject: str
    what: str
    mend: str

    def body(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "id": self.kind.id,
            "severity": str(self.kind.severity),
            "subject": self.subject,
            "what": self.what,
            "why": self.kind.why,
            "mend": self.mend,
        }


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, those of one kind together; each once."""
    return tuple(
        sorted(dict.fromkeys(findings), key=lambda each: (_RANKS[each.kind.severity], each.kind.id, each.subject))
    )


SHOWN = 5
"""Names in one sentence, at the most."""


def some(names: Iterable[object], shown: int = SHOWN) -> str:
    """A few of these names, and how many more there are."""
    texts = sorted({str(each) for each in names})
    more = f" and {len(texts) - shown} more" if len(texts) > shown else ""
    return ", ".join(texts[:shown]) + more
