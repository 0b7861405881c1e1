"""Lists of the API server, a page after the other; what is not there or not permitted is an answer too."""

from __future__ import annotations

from collections.abc import AsyncIterator

from watcher.adapters.kubernetes.client import LIST_SECONDS, Client
from watcher.adapters.kubernetes.errors import NotFound
from watcher.adapters.kubernetes.fields import Json, at
from watcher.adapters.kubernetes.permissions import Permission, missing
from watcher.adapters.kubernetes.reflector import PAGE
from watcher.adapters.kubernetes.resources import Resource
from watcher.ports import Forbidden, Rejected


class Lists:
    """Reads lists in all namespaces, or in those given.  `unasked` collects what could not be read, and why."""

    def __init__(self, client: Client, namespaces: tuple[str, ...]) -> None:
        self._client, self._namespaces = client, namespaces or ("",)
        self.unasked: dict[str, None] = {}

    def unlimited(self) -> Lists:
        """The same for objects of no namespace."""
        found = Lists(self._client, ())
        found.unasked = self.unasked
        return found

    async def everywhere(self, resource: Resource, **wanted: str) -> AsyncIterator[Json]:
        """Objects of a resource; none of one that is not installed.  Raises Unavailable."""
        for namespace in self._namespaces:
            async for each in self.within(resource, namespace, **wanted):
                yield each

    async def within(self, resource: Resource, namespace: str, **wanted: str) -> AsyncIterator[Json]:
        """Objects of a resource in one namespace, or in all where it is empty.  Raises Unavailable."""
        page = {"limit": str(PAGE), **wanted}
        while True:
            try:
                answer = await self._client.get(resource.path(namespace), page, LIST_SECONDS)
            except NotFound:
                return
            except Forbidden:
                self._note(f"{resource.full_name}: this account may not list them")
                return
            except Rejected as error:
                self._note(f"{resource.full_name}: {error}")
                return
            for item in answer.get("items") or ():
                yield item
            following = at(answer, "metadata", "continue")
            if not following:
                return
            page["continue"] = following

    async def optional(self, resource: Resource) -> AsyncIterator[Json]:
        """Objects that watcher itself need not read; it asks first, so that no refusal stands in the audit log.

        Raises Unavailable.
        """
        wanted = tuple(Permission("list", resource, namespace=namespace) for namespace in self._namespaces)
        try:
            refused = bool(await missing(self._client, wanted))
        except Rejected:  # it cannot be asked, so the list itself is
            refused = False
        if refused:
            self._note(f"{resource.full_name}: this account may not list them")
            return
        async for each in self.everywhere(resource):
            yield each

    async def one(self, resource: Resource, namespace: str, name: str) -> Json | None:
        """One object, None where there is no such.  Raises Unavailable, Forbidden, Rejected."""
        try:
            return await self._client.get(resource.path(namespace, name))
        except NotFound:
            return None

    def _note(self, text: str) -> None:
        self.unasked[text] = None
