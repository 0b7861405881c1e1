"""Brings notifications to people and programs.

Addresses hold tokens.  So they are in files only, no error names them, and while one is used nothing that a library
logs is written (`silence.py`).
"""

from __future__ import annotations

from collections.abc import Callable

from watcher.config.channels import Apprise, Channel
from watcher.ports import Courier


def courier(channel: Channel, now: Callable[[], float]) -> Courier:
    """Who delivers to this channel; `now` is the wall clock, Unix seconds."""
    if isinstance(channel.by, Apprise):
        from watcher.adapters.notify.services import AppriseCourier  # noqa: PLC0415 - only where it is used

        return AppriseCourier(channel.by)
    from watcher.adapters.notify.webhook import WebhookCourier  # noqa: PLC0415 - as above

    return WebhookCourier(channel.by, now)
