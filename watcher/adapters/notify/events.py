"""A notification as a CloudEvent 1.0, in structured mode (https://github.com/cloudevents/spec, v1.0.2)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from watcher.core.words import Stage
from watcher.ports import Notification

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

_ABOUT: dict[str, str] = {
    Stage.PASSED: "release",
    Stage.BAD_VERSION_BACK: "release",
    Stage.CONFIG_REJECTED: "daemon",
    Stage.SOURCE_BLIND: "daemon",
    "summary": "summary",
    "test": "test",
}


def event_body(notification: Notification) -> bytes:
    """The event as JSON.  `id` is the same at every attempt and on every channel."""
    data: dict[str, Any] = json.loads(notification.body)
    time = datetime.fromtimestamp(notification.at, UTC).isoformat(timespec="milliseconds")
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": notification.event,
        "source": f"/watcher/{quote(str(data.get('cluster') or ''), safe='')}",
        "type": f"dev.watcher.{_ABOUT.get(notification.stage, 'decision')}.v1",
        "time": time.replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"stage": notification.stage, "title": notification.title, "text": notification.text, **data},
    }
    if notification.workload:
        event["subject"] = notification.workload
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
