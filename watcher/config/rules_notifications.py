"""Rules across the keys of a notification channel."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from watcher.config.rules_services import report_match
from watcher.config.rules_sources import NAME, NAME_REMEDY
from watcher.core.stages import ABOUT_THE_DAEMON

if TYPE_CHECKING:
    from watcher.config.document import Document, Path
    from watcher.config.models import NotificationSpec, ThresholdsSpec, WebhookSpec

SHORTEST_EXPIRY = 60
"""Seconds: less would give up what a receiver that is started anew misses."""


def report_notifications(document: Document, spec: ThresholdsSpec) -> None:
    """Report what is wrong with the channels."""
    for name, channel in (spec.notifications or {}).items():
        path: Path = ("notifications", name)
        if not NAME.match(name):
            document.report(path, f"{name} cannot name a channel", NAME_REMEDY, at_key=True)
        _report_means(document, path, channel)
        _report_stages(document, path, channel)
        _report_limits(document, path, channel)
        if channel.match is not None:
            report_match(document, (*path, "match"), channel.match)
            if channel.match.exclude is not None:
                report_match(document, (*path, "match", "not"), channel.match.exclude)


def address_error(url: str, *, plain_http: bool = False) -> tuple[str, str] | None:
    """What is wrong with an address that is posted to, and the remedy; None: nothing.  The address is not shown."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "the url is none", "write https://HOST/PATH"
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or any(each.isspace() for each in url):
        return "the url is not an HTTP address", "write https://HOST/PATH"
    if parts.fragment or parts.username is not None or parts.password is not None:
        return "the url holds credentials or a fragment", "a token belongs into the path or query of an urlFile"
    if parts.scheme == "http" and not plain_http and not is_loopback(host):
        return "the url is not encrypted", "write https://, or plainHttp: true if the network is to be trusted"
    return None


def is_loopback(host: str) -> bool:
    """Whether what is sent to this host stays on the machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _report_means(document: Document, path: Path, channel: NotificationSpec) -> None:
    written = [key for key in ("apprise", "webhook") if document.has((*path, key))]
    if len(written) != 1:
        what = "names two ways to tell" if written else "does not say how to tell"
        remedy = "make a channel of each" if written else "add apprise: {urlsFile: FILE}, or webhook: {...}"
        document.report(path, f"the channel {path[-1]} {what}", remedy, at_key=True)
    elif channel.apprise is not None and not document.has((*path, "apprise", "urlsFile")):
        document.report((*path, "apprise"), "apprise lacks urlsFile", "name a file with one apprise URL a line")
    elif channel.webhook is not None:
        _report_webhook(document, (*path, "webhook"), channel.webhook)


def _report_webhook(document: Document, path: Path, webhook: WebhookSpec) -> None:
    addresses = [key for key in ("url", "urlFile") if document.has((*path, key))]
    if len(addresses) != 1:
        document.report(path, "the webhook needs one address", "write url, or urlFile where it holds a token")
    if not document.has((*path, "secretFile")):
        document.report(path, "the webhook lacks secretFile", "name a file with a secret that receivers know too")
    if webhook.url is None:
        return
    wrong = address_error(webhook.url, plain_http=bool(webhook.plain_http))
    if wrong is None and urlsplit(webhook.url).query:
        wrong = "the url has a query", "a token belongs into a file: use urlFile"
    if wrong is not None:
        document.report((*path, "url"), *wrong)


def _report_stages(document: Document, path: Path, channel: NotificationSpec) -> None:
    if channel.stages == () and document.has((*path, "stages")):
        document.report((*path, "stages"), "the list is empty", "name a stage, or remove the key: most are told then")
    for index, stage in enumerate(channel.stages or ()):
        if channel.match is not None and stage in ABOUT_THE_DAEMON:
            what = f"{stage} is about no workload, and match asks for some"
            document.report((*path, "stages", index), what, "remove it here, and make a channel for it without match")


def _report_limits(document: Document, path: Path, channel: NotificationSpec) -> None:
    if channel.expire is not None and channel.expire < SHORTEST_EXPIRY:
        document.report((*path, "expire"), f"expire is {channel.expire}", "write 1m or more")
    if channel.rate is not None and channel.rate.window is not None and channel.rate.window <= 0:
        document.report((*path, "rate", "window"), "the window has no length", "write a duration such as 10m")
    if channel.link is not None:
        wrong = address_error(channel.link, plain_http=True)
        if wrong is not None:
            document.report((*path, "link"), wrong[0].replace("url", "link"), wrong[1])
