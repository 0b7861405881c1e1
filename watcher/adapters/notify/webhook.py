"""The port `Courier` over HTTP: signed CloudEvents, for programs."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from watcher.adapters import signing
from watcher.adapters.notify.events import CONTENT_TYPE, event_body
from watcher.adapters.notify.http import post
from watcher.adapters.notify.silence import silenced
from watcher.adapters.secret_files import SecretFile
from watcher.config.channels import Webhook
from watcher.config.rules_notifications import address_error
from watcher.ports import Notification, Rejected, Unavailable

LARGEST = 512 * 1024
"""Bytes of an event."""

REFUSES_THE_MESSAGE = (400, 410, 413, 415, 422)
"""Statuses after which the same event is not sent again."""


class WebhookCourier:
    """Posts each notification to one address.  `now` is the wall clock, Unix seconds."""

    def __init__(self, means: Webhook, now: Callable[[], float]) -> None:
        self._means, self._now = means, now
        self._address = SecretFile(means.url_file, "file of the address")
        self._secrets = SecretFile(means.secret_file, "file of the secrets")

    async def deliver(self, notification: Notification) -> None:
        """As Courier says."""
        url, body = self._url(), event_body(notification)
        if len(body) > LARGEST:
            raise Rejected(f"the event has {len(body)} bytes, more than {LARGEST}")
        secrets = signing.keys(self._secrets.text(), self._means.secret_file)
        headers = {
            "content-type": CONTENT_TYPE,
            "user-agent": "watcher",
            **signing.headers(notification.event, self._now(), body, secrets),
        }
        with silenced():
            status = await post(url, body, headers, self._means.ca_file)
        _judge(status, urlsplit(url).netloc)

    def _url(self) -> str:
        if not self._means.url_file:
            return self._means.url
        url = self._address.text()
        wrong = address_error(url, plain_http=self._means.plain_http)
        if wrong is not None:
            raise Unavailable(f"{self._means.url_file}: {'; '.join(wrong)}")
        return url


def _judge(status: int, host: str) -> None:
    if 200 <= status < 300:
        return
    if status in REFUSES_THE_MESSAGE:
        raise Rejected(f"{host} refuses the event with status {status}")
    hint = "; redirects are not followed, write the address it leads to" if 300 <= status < 400 else ""
    raise Unavailable(f"{host} answers with status {status}{hint}")
