"""The HTTP server.  Everything is read-only; errors have one JSON shape: {"error": {"code", "message", "remedy"}}."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from watcher.adapters.store.worker import StoreThread
from watcher.core.model import Workload
from watcher.daemon.status import Status
from watcher.ports import NoSuchDecision, Rejected, Unavailable

MOST_ROWS = 1000

STATUS = web.AppKey("status", Status)
STORE = web.AppKey("store", StoreThread)
REGISTRY = web.AppKey("registry", CollectorRegistry)

routes = web.RouteTableDef()


def application(status: Status, store: StoreThread, registry: CollectorRegistry) -> web.Application:
    """The aiohttp application over a running daemon's parts."""
    app = web.Application(middlewares=[errors_as_json], client_max_size=64 * 1024)
    app[STATUS], app[STORE], app[REGISTRY] = status, store, registry
    app.add_routes(routes)
    return app


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error in the one shape, with a remedy."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return failure(error.status, error.reason, "see the documentation of the HTTP API for the paths there are")
    except NoSuchDecision as error:
        remedy = f"did you mean {', '.join(error.near)}?" if error.near else "list them: /api/v1/decisions"
        return failure(404, str(error), remedy)
    except ValueError as error:
        return failure(400, str(error), "correct the request")
    except Unavailable as error:
        return failure(503, str(error), "try again later")
    except Rejected as error:
        return failure(500, str(error), "see the daemon's log")


def failure(status: int, message: str, remedy: str) -> web.Response:
    """One error."""
    body = {"error": {"code": status, "message": message, "remedy": remedy}}
    return web.json_response(body, status=status)


@routes.get("/livez")
async def livez(_request: web.Request) -> web.Response:
    """Alive: the loop answers."""
    return web.Response(text="ok\n")


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    """Ready: 200, else 503; the reasons and everything else worth knowing, one a line."""
    ready, reasons = request.app[STATUS].readiness()
    lines = ["ready" if ready else "not ready", *reasons]
    return web.Response(text="\n".join(lines) + "\n", status=200 if ready else 503)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """The daemon's own metrics, as Prometheus or OpenMetrics text."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return web.Response(body=encode(request.app[REGISTRY]), headers={"Content-Type": content_type})


@routes.get("/api/v1/status")
async def status(request: web.Request) -> web.Response:
    """Everything at a glance."""
    return web.json_response(request.app[STATUS].status())


@routes.get("/api/v1/why/{kind}/{namespace}/{name}")
async def why(request: web.Request) -> web.Response:
    """Why a workload was or was not rolled back."""
    place = request.match_info
    workload = Workload.parse(f"{place['kind']}/{place['namespace']}/{place['name']}")
    return web.json_response(request.app[STATUS].why(workload))


@routes.get("/api/v1/decisions")
async def decisions(request: web.Request) -> web.Response:
    """Decisions, newest first."""
    workload, limit, since = _selection(request)
    rows = await request.app[STORE].ask(lambda store: store.decisions(workload, limit=limit, since=since))
    return web.json_response({"items": [json.loads(row.body) for row in rows]})


@routes.get("/api/v1/decisions/{id}")
async def decision(request: web.Request) -> web.Response:
    """One decision, by id or by the beginning of it."""
    prefix = request.match_info["id"]
    row = await request.app[STORE].ask(lambda store: store.decision(prefix))
    return web.json_response(json.loads(row.body))


@routes.get("/api/v1/releases")
async def releases(request: web.Request) -> web.Response:
    """Releases, newest first."""
    workload, limit, since = _selection(request)
    rows = await request.app[STORE].ask(lambda store: store.releases(workload, limit=limit, since=since))
    return web.json_response({"items": [json.loads(row.body) for row in rows]})


def _selection(request: web.Request) -> tuple[str, int, float]:
    query = request.query
    limit, since = int(query.get("limit", "100")), float(query.get("since", "0"))
    if not 1 <= limit <= MOST_ROWS:
        raise ValueError(f"limit={limit} is out of range; use 1 to {MOST_ROWS}")
    workload = query.get("workload", "")
    return (str(Workload.parse(workload)) if workload else ""), limit, since
