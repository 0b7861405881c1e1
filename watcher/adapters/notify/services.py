"""The port `Courier` over apprise: over a hundred services, each by a URL."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from watcher.adapters.notify.silence import silenced
from watcher.adapters.secret_files import SecretFile
from watcher.config.channels import Apprise as Means
from watcher.core.stages import TOLD
from watcher.core.words import Stage
from watcher.ports import Notification, Unavailable

if TYPE_CHECKING:
    from apprise import Apprise, AppriseAsset, NotifyType

TOTAL_SECONDS = 60.0
"""Seconds for all URLs of a channel; each service has timeouts of its own, of a few seconds by default."""

_STATUS = re.compile(r"\berror=([1-5][0-9]{2})\b")

T = TypeVar("T")


class AppriseCourier:
    """Sends to every URL of a file.  Those that were reached are left out when the same message is tried again."""

    def __init__(self, means: Means) -> None:
        self._path = means.urls_file
        self._file = SecretFile(means.urls_file, "file of apprise URLs")
        self._busy = False
        self._event, self._reached = "", set[str]()

    async def deliver(self, notification: Notification) -> None:
        """As Courier says.  A URL that cannot be used is Unavailable: the file may be mended."""
        if self._busy:
            raise Unavailable("the attempt before still hangs in a service")
        if self._event != notification.event:
            self._event, self._reached = notification.event, set()
        urls = list(lines(self._file.text()))
        if not urls:
            raise Unavailable(f"{self._path} holds no URL; write one apprise URL a line")
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                failures = await self._in_thread(lambda: list(self._send(notification, urls)))
        except TimeoutError:
            raise Unavailable(f"no answer within {TOTAL_SECONDS:.0f} s") from None
        if failures:
            raise Unavailable("; ".join(failures))

    def _send(self, notification: Notification, urls: list[tuple[int, str]]) -> Iterator[str]:
        """Send to each URL that was not reached yet; why it failed, one text for each that did."""
        from apprise import Apprise  # noqa: PLC0415 - heavy: imported with the first message, in this thread

        asset, reached = _asset(), self._reached
        for number, url in urls:
            if url in reached:
                continue
            service = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
            if service is None:
                yield f"line {number} of {self._path} is no URL that apprise knows"
                continue
            one = Apprise(asset=asset)
            one.add(service)
            why = _notify(one, notification)
            if why:
                yield f"{service.service_name} (line {number} of {self._path}): {why}"
            else:
                reached.add(url)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """The result of `work`, done in a thread that nobody waits for at the end of the process: it may hang."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(outcome: Callable[[], None]) -> None:
            if not done.done():
                outcome()

        def run() -> None:
            outcome: Callable[[], None]
            with silenced():
                try:
                    outcome = partial(done.set_result, work())
                except Exception as failure:  # noqa: BLE001 - of any library, and its text may hold a token
                    outcome = partial(done.set_exception, Unavailable(f"apprise failed with {type(failure).__name__}"))
            self._busy = False
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(settle, outcome)

        self._busy = True
        Thread(target=run, name="apprise", daemon=True).start()
        return await done


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is neither empty nor a comment."""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield number, stripped


def _asset() -> AppriseAsset:
    """Nothing is kept on disk, no redirect is followed, and all is done in the calling thread."""
    from apprise import AppriseAsset, PersistentStoreMode  # noqa: PLC0415 - heavy

    return AppriseAsset(
        app_id="watcher",
        app_desc="watcher",
        storage_mode=PersistentStoreMode.MEMORY,
        http_redirects=False,
        async_mode=False,
        service_timeout=0,
        secure_logging=True,
    )


def _notify(one: Apprise, notification: Notification) -> str:
    """Send; why it failed, in words of ours: what apprise says may hold parts of the URL."""
    from apprise import NotifyFormat  # noqa: PLC0415 - heavy

    result = one.notify(
        title=notification.title,
        body=notification.text,
        notify_type=_kind(notification.stage),
        body_format=NotifyFormat.TEXT,
    )
    if result:
        return ""
    statuses = sorted({found for entry in result.logs() for found in _STATUS.findall(entry.message)})
    return f"HTTP status {', '.join(statuses)}" if statuses else "not sent, no answer is known"


def _kind(stage: str) -> NotifyType:
    from apprise import NotifyType  # noqa: PLC0415 - heavy

    if stage == Stage.RESTORED:
        return NotifyType.SUCCESS
    if stage in (Stage.FAILED, Stage.DID_NOT_HELP):
        return NotifyType.FAILURE
    known = stage in set(Stage)
    return NotifyType.WARNING if known and TOLD[Stage(stage)].warning else NotifyType.INFO
