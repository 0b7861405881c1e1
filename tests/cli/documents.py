"""A decision and a release as the log holds them, for tests of the commands that read it."""

from __future__ import annotations

import json
from typing import Any

from watcher.ports import Commit, DecisionRow, ReleaseRow

CART = "Deployment/shop/cart"
NOW = 1_772_360_400.0


def decision_body(**changes: Any) -> dict[str, Any]:
    return {
        "id": "3f9a01c2",
        "attempt": 1,
        "at": NOW - 300,
        "workload": CART,
        "release": "u1/2",
        "revision": "5b9e21",
        "images": ["shop/cart:1.9.0"],
        "action": "roll_back",
        "mode": "act",
        "why_mode": "",
        "guard": None,
        "guards": [],
        "verdicts": [
            {"check": "errors", "lane": "new_vs_old", "verdict": "breach", "sentence": "12 % fail, [old] 0.1 %"},
            {"check": "latency", "lane": "new_vs_max", "verdict": "pass", "sentence": "fast enough"},
        ],
        "rung": "undo",
        "rungs": [
            {"rung": "abort", "mode": "none", "taken": False, "reason": "not a Rollout", "at": None, "took_s": None},
            {"rung": "undo", "mode": "act", "taken": True, "reason": "nobody manages it", "at": NOW, "took_s": 35.2},
        ],
        "target": {"revision": "7d4f9c", "images": ["shop/cart:1.8.0"], "provenance": "passed"},
        "reason": "12 % of requests fail on the new version",
        "phase": "closed",
        "outcome": "restored",
        "durability": "cluster_only",
        "first_bad_at": NOW - 400,
        "decided_at": NOW - 300,
        "restored_at": NOW - 200,
        "remedy": "Put the good version into its source too",
        **changes,
    }


def decision_row(**changes: Any) -> DecisionRow:
    body = decision_body(**changes)
    return DecisionRow(
        id=body["id"],
        at=body["at"],
        workload=body["workload"],
        release=body["release"],
        verdict="breach",
        action=body["action"],
        mode=body["mode"],
        guard=(body["guard"] or {}).get("id", ""),
        rung=body["rung"] or "",
        target="7d4f9c",
        outcome=body["outcome"] or "",
        durability=body["durability"] or "",
        reason=body["reason"],
        body=json.dumps(body).encode(),
    )


def release_row(number: str = "u1/2", *, ended: float | None = None, workload: str = CART) -> ReleaseRow:
    body = {
        "id": number,
        "workload": workload,
        "revision": "5b9e21",
        "images": ["shop/cart:1.9.0"],
        "began": NOW - 600,
        "phase": "watching" if ended is None else "closed",
        "verdict": None if ended is None else "pass",
        "action": "none",
        "outcome": None,
        "ended": ended,
    }
    return ReleaseRow(
        id=number,
        workload=workload,
        revision="5b9e21",
        image="shop/cart:1.9.0",
        began=NOW - 600,
        verdict="" if ended is None else "pass",
        action="none",
        outcome="",
        ended=ended,
        body=json.dumps(body).encode(),
    )


def history() -> Commit:
    """A rollback that is over, one that is proposed, and a good release under watch."""
    proposed = decision_row(
        id="3f77aa00",
        at=NOW - 100,
        workload="Rollout/pay/api",
        release="u2/9",
        mode="propose",
        rung=None,
        outcome=None,
        durability=None,
        phase="watching",
        restored_at=None,
        remedy="Only propose: to go back, run: kubectl argo rollouts abort api",
    )
    return Commit(
        decisions=(decision_row(), proposed),
        releases=(release_row(ended=NOW - 200), release_row("u3/4", workload="DaemonSet/infra/agent")),
    )
