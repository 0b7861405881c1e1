"""How many pods of each version were asked for, one after the other, as a watch of the ReplicaSets tells it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType
from typing import Self

import httpx

from tests.e2e.controlplane import Api, ApiError, Json

WATCH_SECONDS = 1  # as long as the end of a recording may take
RETRY_SECONDS = 0.1
GONE = 410


@dataclass(frozen=True)
class Size:
    """From ``at`` on (seconds since the epoch) so many pods of an image were asked for."""

    at: float
    image: str
    replicas: int


class ReplicaSetSequence:
    """Records ``spec.replicas`` of the ReplicaSets of one workload (label ``app``), summed up for each image.

    To be entered; what it tells is complete once it is left. Nothing is missed between two of its watches, since each
    goes on from where the one before ended.
    """

    def __init__(self, api: Api, namespace: str, name: str) -> None:
        self.recorded: list[Size] = []
        self._api, self._name = api, name
        self._path = api.path("ReplicaSet", namespace)
        self._known: dict[str, tuple[str, int]] = {}
        self._since = ""
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"replica sets of {name}")

    def __enter__(self) -> Self:
        self._list()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._left.set()
        self._thread.join()

    def sizes(self, image: str) -> list[int]:
        """The numbers for an image, each other than the one before; empty when it was never there."""
        return [each.replicas for each in self.recorded if each.image == image]

    def came_back(self, image: str) -> bool:
        """Whether more pods of an image were asked for after there had been fewer."""
        fell = False
        for before, after in pairwise(self.sizes(image)):
            if fell and after > before:
                return True
            fell = fell or after < before
        return False

    def _follow(self) -> None:
        while not self._left.is_set():
            try:
                for event in self._api.watch(self._path, self._since, WATCH_SECONDS):
                    self._take(event)
            except httpx.TransportError:
                self._left.wait(RETRY_SECONDS)  # the API server is being restarted; it goes on from the same place
            except ApiError as error:
                if error.status != GONE:
                    raise
                self._list()

    def _list(self) -> None:
        """Begin, or begin again where the API server has forgotten the place: what was before is in the list."""
        listed = self._api.get(self._path)
        self._since = listed["metadata"]["resourceVersion"]
        for replica_set in listed["items"]:
            self._note(replica_set, replica_set["spec"]["replicas"])

    def _take(self, event: Json) -> None:
        changed = event["object"]
        if event["type"] == "ERROR":
            self._list()
            return
        self._since = changed["metadata"]["resourceVersion"]
        self._note(changed, 0 if event["type"] == "DELETED" else changed["spec"]["replicas"])

    def _note(self, replica_set: Json, replicas: int) -> None:
        if replica_set["metadata"]["labels"].get("app") != self._name:
            return
        image = replica_set["spec"]["template"]["spec"]["containers"][0]["image"]
        before = self._of(image)
        self._known[replica_set["metadata"]["uid"]] = (image, replicas)
        if self._of(image) != before:
            self.recorded.append(Size(time.time(), image, self._of(image) or 0))

    def _of(self, image: str) -> int | None:
        """How many are asked for now; None for a version that was never there."""
        asked = [replicas for of, replicas in self._known.values() if of == image]
        return sum(asked) if asked else None
