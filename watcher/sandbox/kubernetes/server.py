"""The API server: HTTP on loopback in front of the registry."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from watcher.sandbox.kubernetes import discovery, errors, paths
from watcher.sandbox.kubernetes.authorization import EVERYTHING, AccessRule, allowed, denial, review
from watcher.sandbox.kubernetes.listing import list_body, list_objects
from watcher.sandbox.kubernetes.logs import log_of
from watcher.sandbox.kubernetes.ownership import Writer
from watcher.sandbox.kubernetes.scaling import as_scale
from watcher.sandbox.kubernetes.tables import table, wants_table
from watcher.sandbox.kubernetes.watching import WatchRequest, WatchStream
from watcher.sandbox.kubernetes.writing import (
    change_object,
    delete_collection,
    delete_one,
    patch_change,
    update_change,
)

if TYPE_CHECKING:
    from watcher.sandbox.clock import Clock
    from watcher.sandbox.kubernetes.objects import Json
    from watcher.sandbox.kubernetes.paths import ResourcePath
    from watcher.sandbox.kubernetes.registry import Registry

MAX_BODY_BYTES = 3 * 1024 * 1024
"""The real server's limit of a request body."""

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_PUBLIC = frozenset({"/livez", "/readyz", "/healthz", "/version"})


@dataclass(frozen=True)
class ApiSettings:
    """How the server behaves. `rules` hold for every request; `bookmark_seconds` is the pause between bookmarks."""

    token: str | None = None
    rules: Sequence[AccessRule] = EVERYTHING
    bookmark_seconds: float = 60.0


@dataclass
class ApiServer:
    """Answers requests from the registry. `closing` ends all watches."""

    registry: Registry
    clock: Clock
    settings: ApiSettings
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[_answer_errors], client_max_size=MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path in _PUBLIC:
            return _json(discovery.VERSION) if request.path == "/version" else web.Response(text="ok")
        self._authenticate(request)
        document = _document(request.path.rstrip("/"))
        if document is not None:
            return _json(document)
        path = paths.parse(request.path)
        if path is None:
            raise errors.no_such_resource()
        return await self._serve_resource(request, path)

    def _authenticate(self, request: web.Request) -> None:
        wanted = self.settings.token
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if wanted is not None and not hmac.compare_digest(sent.encode(), wanted.encode()):
            raise errors.unauthorized()

    async def _serve_resource(self, request: web.Request, path: ResourcePath) -> web.StreamResponse:
        if path.kind.virtual:
            return await self._review(request)
        if request.method not in _METHODS:
            raise errors.method_not_allowed()
        accept = request.headers.get("Accept", "*/*")
        if not any(part in accept for part in ("application/json", "*/*", "application/*")):
            raise errors.not_acceptable("application/json")
        watch = request.query.get("watch") in ("true", "1")
        wanted = path.attributes(request.method, watch=watch)
        if not allowed(self.settings.rules, wanted):
            raise errors.forbidden(path.kind, path.name, denial(wanted))
        if request.query.get("dryRun"):
            raise errors.bad_request("dryRun is not supported by the sandbox")
        verbs: dict[str, Callable[[web.Request, ResourcePath], Awaitable[web.StreamResponse]]] = {
            "get": self._get,
            "list": self._list,
            "watch": self._watch,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete,
        }
        return await verbs[wanted.verb](request, path)

    async def _review(self, request: web.Request) -> web.Response:
        if request.method != "POST":
            raise errors.method_not_allowed()
        return _json(review(self.settings.rules, await _object_body(request)), 201)

    async def _get(self, request: web.Request, path: ResourcePath) -> web.Response:
        obj = self.registry.get(path.kind, path.namespace, path.name)
        if path.subresource == "scale":
            return _json(as_scale(obj))
        if path.subresource == "log":
            return web.Response(text=log_of(obj, request.query))
        if wants_table(request.headers.get("Accept", "")):
            version = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            return _json(self._table(request, path, [obj], version))
        return _json(obj)

    async def _list(self, request: web.Request, path: ResourcePath) -> web.Response:
        listing = list_objects(self.registry.store, path, request.query)
        if wants_table(request.headers.get("Accept", "")):
            return _json(self._table(request, path, listing.objects, listing.metadata))
        return _json(list_body(path.kind, listing))

    def _table(self, request: web.Request, path: ResourcePath, objects: list[Json], metadata: Json) -> Json:
        include = request.query.get("includeObject", "Metadata")
        return table(path.kind, objects, self.clock.now(), include, metadata)

    async def _watch(self, request: web.Request, path: ResourcePath) -> web.StreamResponse:
        if "sendInitialEvents" in request.query:
            problem = "Forbidden: sendInitialEvents is forbidden for watch: the sandbox has no WatchList feature"
            raise errors.invalid(path.kind, "", "sendInitialEvents", problem)

        def as_table(obj: Json) -> Json:
            return self._table(request, path, [obj], {"resourceVersion": obj["metadata"]["resourceVersion"]})

        render = as_table if wants_table(request.headers.get("Accept", "")) else _itself
        asked = WatchRequest(path, request.query, render, self.settings.bookmark_seconds)
        return await WatchStream(self.registry.store, asked, self.closing).serve(request)

    async def _create(self, request: web.Request, path: ResourcePath) -> web.Response:
        if path.name or (path.kind.namespaced and not path.namespace):
            raise errors.method_not_allowed()
        body = await _object_body(request)
        return _json(self.registry.create(path.kind, path.namespace, body, Writer(_manager(request))), 201)

    async def _update(self, request: web.Request, path: ResourcePath) -> web.Response:
        if not path.name:
            raise errors.method_not_allowed()
        change = update_change(path.kind, await _object_body(request), path.subresource)
        return _json(change_object(self.registry, path, change, _manager(request)))

    async def _patch(self, request: web.Request, path: ResourcePath) -> web.Response:
        if not path.name:
            raise errors.method_not_allowed()
        content_type = request.content_type
        change = patch_change(path.kind, content_type, await _body(request) if "json" in content_type else None)
        return _json(change_object(self.registry, path, change, _manager(request)))

    async def _delete(self, request: web.Request, path: ResourcePath) -> web.Response:
        if path.subresource or (path.kind.namespaced and not path.namespace):
            raise errors.method_not_allowed()
        options: Json = await _object_body(request) if request.can_read_body else {}
        if "propagationPolicy" in request.query:
            options["propagationPolicy"] = request.query["propagationPolicy"]
        if request.query.get("gracePeriodSeconds", "").isdigit():
            options["gracePeriodSeconds"] = int(request.query["gracePeriodSeconds"])
        if not path.name:
            return _json(delete_collection(self.registry, path, request.query, options))
        return _json(delete_one(self.registry, path, options))


def _itself(obj: Json) -> Json:
    return obj


def _document(path: str) -> Json | None:
    """Discovery and OpenAPI documents."""
    match path.strip("/").split("/"):
        case ["api"]:
            return discovery.core_versions()
        case ["apis"]:
            return discovery.groups()
        case ["api", version]:
            return discovery.resources("", version)
        case ["apis", group]:
            return discovery.group(group)
        case ["apis", group, version]:
            return discovery.resources(group, version)
        case ["openapi", "v3"]:
            return discovery.openapi_index()
        case ["openapi", "v3", *rest]:
            return discovery.openapi("/".join(rest))
    return None


@web.middleware
async def _answer_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except errors.ApiError as error:
        return _json(error.status(), error.code)
    except web.HTTPRequestEntityTooLarge:
        refusal = errors.too_large(MAX_BODY_BYTES)
        return _json(refusal.status(), refusal.code)


def _json(body: Json, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)


async def _body(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError as error:
        raise errors.bad_request(f"the body is not JSON: {error}") from error


async def _object_body(request: web.Request) -> Json:
    if request.content_type not in ("application/json", "application/octet-stream"):
        message = (
            "the body of the request was in an unknown format - accepted media types include: application/json "
            "(some kubectl create commands send protobuf, which the sandbox does not read: use kubectl apply -f)"
        )
        raise errors.unsupported_media_type(message)
    body = await _body(request)
    if not isinstance(body, dict):
        raise errors.bad_request("the body is not an object")
    return body


def _manager(request: web.Request) -> str:
    """The field manager: as asked for, else the program in the user agent."""
    agent = request.headers.get("User-Agent", "unknown").split("/")[0]
    return request.query.get("fieldManager") or agent
