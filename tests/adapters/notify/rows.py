"""A notification as the outbox gives it, and the files that a courier reads."""

from __future__ import annotations

import json
from pathlib import Path

from watcher.ports import Notification


def notification(event: str = "3f9a01c2d4e5/held", stage: str = "held", text: str = "Over? No") -> Notification:
    return Notification(
        key=f"{event}@bus",
        event=event,
        channel="bus",
        at=1_760_000_000.25,
        stage=stage,
        workload="Deployment/shop/cart",
        title="Bad release, rollback held: shop/cart",
        text=text,
        body=json.dumps({"cluster": "prod eu/1", "said": "held", "decision": {"id": "3f9a01c2d4e5"}}).encode(),
    )


def write(path: Path, text: str) -> None:
    path.write_text(text)
