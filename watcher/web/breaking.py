"""Breakers over HTTP: how they stand, and closing one before its time."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, StringConstraints

from watcher.core.deciding import holding
from watcher.core.telling.report import breaker_body
from watcher.daemon.breakers import Breakers, NotOpen
from watcher.web.errors import BadRequest, failure
from watcher.web.tokens import Scope
from watcher.web.writing import Body, Reason, body_of, holder, printable

BREAKERS = web.AppKey("breakers", Breakers)

routes = web.RouteTableDef()


class Close(Body):
    """Which breaker, and why it may count anew."""

    scope: Annotated[str, StringConstraints(max_length=300), AfterValidator(printable)]
    reason: Reason


@routes.get("/api/v1/breakers")
async def breakers(request: web.Request) -> web.Response:
    """The breaker of the cluster, and those of namespaces that count something."""
    return web.json_response({"items": [breaker_body(each) for each in request.app[BREAKERS].listed()]})


@routes.post("/api/v1/breakers/close")
async def close(request: web.Request) -> web.Response:
    """Let an open breaker count anew from now on."""
    by = holder(request, Scope.BREAKER)
    wanted = await body_of(request, Close)
    try:
        closed = await request.app[BREAKERS].close(_scope(wanted.scope), wanted.reason, by)
    except NotOpen as error:
        return failure(409, str(error), "see how they stand: watcher breaker show")
    return web.json_response(breaker_body(closed))


def _scope(text: str) -> holding.Scope:
    try:
        scope = holding.Scope.parse(text)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    if scope.workload is not None:
        raise BadRequest(f"{text!r} has no breaker of its own; write all or namespace/NAME")
    return scope
