"""Rehearsals over HTTP: those that were held, whether one can be held now, and the result of one."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from watcher.adapters.store.documents import rehearsal_document
from watcher.core.model import Workload
from watcher.core.words import Rung
from watcher.daemon.rehearsals import NotRehearsed, Rehearsals, Result
from watcher.web import asked
from watcher.web.errors import BadRequest, failure
from watcher.web.tokens import Scope
from watcher.web.writing import Body, Line, body_of, holder

REHEARSALS = web.AppKey("rehearsals", Rehearsals)
LONGEST_BODY = 60 * 1024
"""Bytes of a body, at the most: all that may differ afterwards, told in any script."""

LONGEST = 86400.0
"""Seconds that a rehearsal takes, at the most."""

routes = web.RouteTableDef()

Seconds = Annotated[float, Field(ge=0.0, le=LONGEST, strict=False)]


class NewRehearsal(Body):
    """How one rehearsed rung ended."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]{8,32}$")]
    workload: Annotated[str, Field(max_length=asked.LONGEST_NAME)]
    rung: Annotated[Rung, Field(strict=False)]
    result: Literal["passed", "failed"]
    seconds: Seconds
    message: Line = ""
    decision: Annotated[str, Field(pattern=r"^[a-z0-9]{0,64}$")] = ""
    steps: Annotated[dict[Annotated[str, Field(max_length=40)], Seconds], Field(max_length=20, default_factory=dict)]
    differences: Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=30, default_factory=list)]


@routes.get("/api/v1/rehearsals")
async def rehearsals(request: web.Request) -> web.Response:
    """Rehearsals, newest first."""
    workload, limit, since = asked.selection(request)
    rows = await request.app[asked.LOG].read(lambda log: log.rehearsals(workload, limit=limit, since=since))
    return web.json_response({"items": [rehearsal_document(row) for row in rows]})


@routes.get("/api/v1/rehearsals/{kind}/{namespace}/{name}")
async def prospect(request: web.Request) -> web.Response:
    """What a rehearsal on a workload would rehearse now, and what keeps it from being held."""
    place = request.match_info
    workload = asked.workload(f"{place['kind']}/{place['namespace']}/{place['name']}")
    return web.json_response(request.app[REHEARSALS].prospect(workload))


@routes.post("/api/v1/rehearsals")
async def keep(request: web.Request) -> web.Response:
    """Record how a rehearsed rung ended."""
    by = holder(request, Scope.REHEARSE)
    told = await body_of(request, NewRehearsal, LONGEST_BODY)
    result = Result(
        id=told.id,
        workload=_named(told.workload),
        rung=told.rung,
        result=told.result,
        seconds=told.seconds,
        message=told.message,
        decision=told.decision,
        steps=told.steps,
        differences=tuple(told.differences),
    )
    try:
        row = await request.app[REHEARSALS].keep(result, by)
    except NotRehearsed as error:
        return failure(409, str(error), "label its namespace watcher.dev/rehearsal=true, if it is one")
    return web.json_response(rehearsal_document(row), status=201)


def _named(text: str) -> Workload:
    try:
        return Workload.parse(text)
    except ValueError as error:
        raise BadRequest(str(error)) from error
