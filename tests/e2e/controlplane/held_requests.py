"""Requests to the Git server that are held back, before it carries them out or before it answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.controlplane.waiting import eventually

LONGEST = 300.0  # seconds; a test that has failed does not keep its request for ever


@dataclass(frozen=True)
class Asked:
    """A request of a client of Git. ``service`` is ``git-upload-pack`` for a fetch, ``git-receive-pack`` for a push.

    ``announced`` tells the first request of each, which asks for the branches, from the one that does it.
    ``may_push`` is whether its token may.
    """

    service: str
    announced: bool
    may_push: bool


def is_push(asked: Asked) -> bool:
    """Whether this brings something into a branch."""
    return asked.service == "git-receive-pack" and not asked.announced


class HeldRequest:
    """The first request that fits, held until ``let_go``; later ones pass.

    It is held before the server has done anything, or once it has done it and the client does not know that.
    """

    def __init__(self, fits: Callable[[Asked], bool], *, done: bool) -> None:
        self._fits, self._done = fits, done
        self._taken, self._passage = threading.Lock(), threading.Event()
        self._there, self._answered = threading.Event(), threading.Event()

    def wait(self, within: float = 120.0) -> None:
        """Wait until it is held."""
        eventually(self._there.is_set, within, "a request to the Git server is held")

    def let_go(self) -> None:
        """Pass it on."""
        self._passage.set()

    def wait_answered(self, within: float = 30.0) -> None:
        """Wait until the server has done with it, after ``let_go``."""
        eventually(self._answered.is_set, within, "the held request is answered")

    def takes(self, asked: Asked) -> bool:
        """Whether this is the request to hold; it is the only one then."""
        return self._fits(asked) and self._taken.acquire(blocking=False)

    def before(self) -> None:
        """The server is about to carry it out."""
        if not self._done:
            self._stand()

    def after(self) -> None:
        """The server has carried it out, and is about to answer."""
        if self._done:
            self._stand()
        self._answered.set()

    def _stand(self) -> None:
        self._there.set()
        self._passage.wait(LONGEST)
