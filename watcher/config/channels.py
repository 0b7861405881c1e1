"""Channels as the daemon uses them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from watcher.config.matching import Entry
from watcher.core.stages import ABOUT_THE_DAEMON, TOLD
from watcher.core.words import Stage

if TYPE_CHECKING:
    from watcher.config.models import NotificationSpec
    from watcher.core.policy import Subject

EXPIRE = 6 * 3600.0
WINDOW = 600.0
MOST_BY_APPRISE, MOST_BY_WEBHOOK = 20, 1000


@dataclass(frozen=True, slots=True)
class Apprise:
    """By the services of these URLs."""

    urls_file: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """To this address; one of `url` and `url_file` is empty."""

    url: str
    url_file: str
    secret_file: str
    ca_file: str
    plain_http: bool


@dataclass(frozen=True, slots=True)
class Channel:
    """Somebody who is told.

    At most `most` messages in `window` seconds; what could not be delivered for `expire` seconds is given up.
    """

    name: str
    by: Apprise | Webhook
    stages: frozenset[Stage]
    match: Entry | None
    most: int
    window: float
    expire: float
    link: str

    def wants(self, stage: Stage, subject: Subject | None) -> bool:
        """Whether it is told of this stage of this workload; None: of the daemon."""
        if stage not in self.stages:
            return False
        return self.match is None or (subject is not None and self.match.matches(subject))


def channel(name: str, spec: NotificationSpec, directory: str) -> Channel:
    """Compile what the file says; relative files count from `directory`."""
    rate = spec.rate
    by = _by(spec, directory)
    usual = MOST_BY_APPRISE if isinstance(by, Apprise) else MOST_BY_WEBHOOK
    match = Entry.of(spec.match) if spec.match is not None else None
    default = [stage for stage, told in TOLD.items() if told.by_default]
    stages = frozenset(map(Stage, spec.stages) if spec.stages is not None else default)
    return Channel(
        name=name,
        by=by,
        stages=stages if match is None else stages.difference(ABOUT_THE_DAEMON),
        match=match,
        most=rate.max if rate is not None and rate.max is not None else usual,
        window=float(rate.window) if rate is not None and rate.window is not None else WINDOW,
        expire=float(spec.expire) if spec.expire is not None else EXPIRE,
        link=(spec.link or "").rstrip("/"),
    )


def _by(spec: NotificationSpec, directory: str) -> Apprise | Webhook:
    def absolute(file: str | None) -> str:
        return str(PurePosixPath(directory, file)) if file else ""

    hook = spec.webhook
    if hook is None:
        return Apprise(absolute(spec.apprise.urls_file if spec.apprise is not None else None))
    return Webhook(
        url=hook.url or "",
        url_file=absolute(hook.url_file),
        secret_file=absolute(hook.secret_file),
        ca_file=absolute(hook.ca_file),
        plain_http=bool(hook.plain_http),
    )
