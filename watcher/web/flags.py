"""Feature flags over HTTP: those of releases under watch, and putting one back."""

from __future__ import annotations

from aiohttp import web

from watcher.daemon.flag_restoring import FlagRestores, NotRestored
from watcher.web import asked
from watcher.web.errors import decision_id, failure
from watcher.web.tokens import Scope
from watcher.web.writing import Body, Reason, body_of, holder

FLAGS = web.AppKey("flags", FlagRestores)

routes = web.RouteTableDef()


class NewRestore(Body):
    """Why a flag is put back."""

    reason: Reason


@routes.get("/api/v1/flags")
async def flags(request: web.Request) -> web.Response:
    """Flags that releases under watch are tied to, and how they stand."""
    asked.only(request, set())
    return web.json_response({"items": request.app[FLAGS].listed()})


@routes.post("/api/v1/decisions/{id}/restore-flag")
async def restore(request: web.Request) -> web.Response:
    """Put the flag that this decision switched back to the state that it found."""
    by = holder(request, Scope.FLAG)
    wanted = await body_of(request, NewRestore)
    try:
        done, text = await request.app[FLAGS].restore(decision_id(request), wanted.reason, by)
    except NotRestored as error:
        return failure(409, str(error), "see how it stands: watcher flags list; and set it at its provider yourself")
    return web.json_response(
        {"decision": done.decision, "flag": done.flag, "result": done.result, "by": done.author, "message": text}
    )
