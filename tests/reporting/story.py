"""A decision log written by hand: releases, what was decided of them, and what people did."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from watcher.core.noticing import ABORTED
from watcher.core.releases import RETURNS
from watcher.ports import BlindnessRow, Commit, CoverageRow, DecisionRow, Label, RehearsalRow, ReleaseRow
from watcher.reporting.compiling import Rows, Span, compile_report
from watcher.reporting.report import Report

CART = "Deployment/shop/cart"
CHECKOUT = "Rollout/shop/checkout"
NOW = 1_772_360_400.0  # 2026-03-01T10:20:00Z
DAY = 86400.0
BEGIN = NOW - 14 * DAY
MINUTE = 60.0


@dataclass
class Story:
    """Rows in the making; times are seconds after the begin of the report's fortnight."""

    releases: list[ReleaseRow] = field(default_factory=list)
    decisions: list[DecisionRow] = field(default_factory=list)
    coverage: list[CoverageRow] = field(default_factory=list)
    blindness: list[BlindnessRow] = field(default_factory=list)
    rehearsals: list[RehearsalRow] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def release(
        self,
        revision: str,
        at: float,
        verdict: str = "pass",
        *,
        workload: str = CART,
        ended: float | None = -1.0,
        reason: str = "",
        change: str = "version",
        returns: bool = False,
        image: str = "",
    ) -> str:
        """A release; its image is named after the revision, its watch lasts half an hour if nothing else is said."""
        began = BEGIN + at
        number = f"{workload}/{len(self.releases)}"
        over = began + 30 * MINUTE if ended == -1.0 else None if ended is None else BEGIN + ended
        never = f"{RETURNS} revision {revision}, known good (passed)" if returns else ""
        body = {"reason": reason, "change": change, "never_undo": never}
        image = image or f"{workload.rpartition('/')[2]}:{revision}"
        row = ReleaseRow(number, workload, revision, image, began, verdict, "none", "", over, json.dumps(body).encode())
        self.releases.append(row)
        return number

    def aborted(self, revision: str, at: float, ended: float, **more: Any) -> str:
        """A release of a Rollout that somebody aborted."""
        return self.release(revision, at, more.pop("verdict", ""), ended=ended, reason=ABORTED, **more)

    def decide(
        self,
        release: str,
        at: float,
        *,
        action: str = "roll_back",
        mode: str = "observe",
        guards: Sequence[tuple[str, str]] = (),
        target: str = "v1",
        outcome: str = "",
        first_bad: float | None = None,
        restored: float | None = None,
        commanded: bool = False,
    ) -> str:
        """A decision on a release; the first bad block began a minute before, if nothing else is said."""
        number, workload = f"d{len(self.decisions)}", release.rpartition("/")[0]
        image = f"{workload.rpartition('/')[2]}:{target}"
        body = {
            "verdicts": [
                {"check": "errors", "verdict": "breach", "sentence": f"errors: 20 % of {release} fail"},
                {"check": "latency", "verdict": None, "sentence": "latency: fine"},
            ],
            "guards": [{"id": guard, "reason": reason} for guard, reason in guards],
            "rungs": [{"rung": "flag", "mode": "none"}, {"rung": "undo", "mode": "act"}],
            "target": {"revision": target, "images": [image]},
            "request": {"by": "ada"} if commanded else None,
            "first_bad_at": BEGIN + (at - MINUTE if first_bad is None else first_bad),
            "restored_at": None if restored is None else BEGIN + restored,
        }
        self.decisions.append(
            DecisionRow(
                id=number,
                at=BEGIN + at,
                workload=workload,
                release=release,
                verdict="breach",
                action=action,
                mode=mode,
                guard=guards[0][0] if guards else "",
                rung="undo" if mode == "act" and action == "roll_back" else "",
                target=target,
                outcome=outcome,
                durability="",
                reason="because",
                body=json.dumps(body).encode(),
            )
        )
        return number

    def label(self, decision: str, verdict: str, note: str = "", *, at: float = 13 * DAY) -> None:
        """What a person says of a decision."""
        self.labels.append(Label(decision, verdict, "ada", BEGIN + at, note))

    def cover(
        self,
        workload: str = CART,
        sight: str = "watchable",
        why: str = "",
        *,
        mode: str = "observe",
        rung: str = "undo",
        rung_mode: str = "act",
    ) -> None:
        """Whether a workload can be watched, and its way back."""
        rung_why = "restores the known good pod template" if rung else "what runs is not known good yet"
        self.coverage.append(CoverageRow(workload, BEGIN, mode, sight, why, rung, rung_mode, rung_why))

    def commit(self) -> Commit:
        """All of it as one commit."""
        return Commit(
            decisions=tuple(self.decisions),
            releases=tuple(self.releases),
            labels=tuple(self.labels),
            coverage=tuple(self.coverage),
            blindness=tuple(self.blindness),
            rehearsals=tuple(self.rehearsals),
        )

    def report(self, namespace: str = "", *, recorded_from: float | None = BEGIN - DAY, **span: float) -> Report:
        """The report on the fortnight."""
        rows = Rows(
            decisions=sorted(self.decisions, key=lambda row: (row.at, row.id)),
            releases=sorted(self.releases, key=lambda row: (row.began, row.id)),
            coverage=self.coverage,
            blindness=self.blindness,
            labels=self.labels,
            recorded_from=recorded_from,
            rehearsals=self.rehearsals,
        )
        return compile_report(Span(**{"since": BEGIN, "until": NOW, "made_at": NOW, **span}, namespace=namespace), rows)
