"""What people may do over HTTP, each with a named token: approve, hold and resume, call a decision right or wrong."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeVar

import structlog
from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from watcher.config.values import Duration
from watcher.core.deciding import holding
from watcher.core.telling.report import hold_body
from watcher.daemon.persons import NotHeld, NotWaiting, OnlyObserves, Persons
from watcher.web.errors import BadRequest, decision_id, failure
from watcher.web.tokens import Refused, Scope, Tokens

LONGEST_BODY = 4096
"""Bytes of a request's body, at the most."""

PERSONS = web.AppKey("persons", Persons)
TOKENS = web.AppKey("tokens", Tokens)

log = structlog.get_logger("watcher.web")
routes = web.RouteTableDef()


def printable(text: str) -> str:
    """The text, if it is one line.  Raises ValueError."""
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(printable)]
Reason = Annotated[Line, Field(min_length=1)]


class Body(BaseModel):
    """A body: nothing in it that is not known, no value of another kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NewLabel(Body):
    """The body of a label."""

    verdict: Literal["right", "wrong"]
    note: Line = ""


class NewHold(Body):
    """The body of a hold; without `for` it stands until somebody resumes."""

    scope: Annotated[str, StringConstraints(max_length=600), AfterValidator(printable)]
    reason: Reason
    lasts: Annotated[Duration | None, Field(alias="for")] = None


class Nothing(Body):
    """An empty body, or an empty object."""


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Kind = TypeVar("Kind", bound=Body)


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers for people who may not, or not now."""
    try:
        return await handler(request)
    except Refused as error:
        answer = failure(error.status, str(error), error.remedy)
        if error.status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        if error.retry_after:
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    except OnlyObserves as error:
        return failure(403, str(error), "ask the process that acts")
    except NotWaiting as error:
        return failure(409, str(error), "see what waits: watcher status")
    except NotHeld as error:
        return failure(404, str(error), "list them: /api/v1/holds")


@routes.post("/api/v1/decisions/{id}/approve")
async def approve(request: web.Request) -> web.Response:
    """Approve a proposal."""
    by = holder(request, Scope.APPROVE)
    await body_of(request, Nothing)
    row, text = await request.app[PERSONS].approve(decision_id(request), by)
    return web.json_response({"decision": row.id, "workload": row.workload, "by": by, "message": text})


@routes.post("/api/v1/decisions/{id}/label")
async def label(request: web.Request) -> web.Response:
    """Call a decision right or wrong."""
    by = holder(request, Scope.LABEL)
    wanted = await body_of(request, NewLabel)
    said = await request.app[PERSONS].label(decision_id(request), wanted.verdict, wanted.note, by)
    about = {"decision": said.decision, "verdict": said.verdict, "by": said.author, "at": said.at, "note": said.note}
    return web.json_response(about)


@routes.post("/api/v1/holds")
async def hold(request: web.Request) -> web.Response:
    """Hold everything, a namespace or a workload."""
    by = holder(request, Scope.HOLD)
    wanted = await body_of(request, NewHold)
    held = await request.app[PERSONS].hold(_scope(wanted.scope), wanted.reason, wanted.lasts, by)
    return web.json_response(hold_body(held), status=201)


@routes.delete("/api/v1/holds")
async def resume(request: web.Request) -> web.Response:
    """Lift a hold that was placed over HTTP."""
    by = holder(request, Scope.HOLD)
    if list(request.query) != ["scope"]:
        raise BadRequest("name what to resume: DELETE /api/v1/holds?scope=SCOPE")
    scope = _scope(request.query["scope"][:600])
    await request.app[PERSONS].resume(scope, by)
    return web.json_response({"scope": str(scope), "by": by})


def holder(request: web.Request, scope: Scope) -> str:
    """Name of whoever may do this.  Raises Refused."""
    return request.app[TOKENS].holder(request.headers.get("Authorization", ""), scope)


def _scope(text: str) -> holding.Scope:
    try:
        return holding.Scope.parse(text)
    except ValueError as error:
        raise BadRequest(str(error)) from error


async def body_of(request: web.Request, kind: type[Kind], longest: int = LONGEST_BODY) -> Kind:
    """The body, of at most so many bytes, checked.  Raises BadRequest."""
    content = await request.read()
    if len(content) > longest:
        raise BadRequest(f"the body is too long; {longest} bytes are allowed")
    try:
        return kind.model_validate(json.loads(content or b"{}"))
    except ValidationError as error:
        raise BadRequest(_problems(error)) from error
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is no JSON") from error


def _problems(error: ValidationError) -> str:
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}"[:200] for each in found[:3])
