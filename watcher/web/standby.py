"""The HTTP server of a process that stands by: probes, its metrics, and what the decision log tells."""

from __future__ import annotations

from typing import NoReturn

from aiohttp import web
from prometheus_client import CollectorRegistry

from watcher.adapters.store.worker import LogReader
from watcher.daemon.standby import Standby
from watcher.web import asked, notes, server

STANDBY = web.AppKey("standby", Standby)


def standby_application(standby: Standby, log: LogReader, registry: CollectorRegistry) -> web.Application:
    """The aiohttp application of a process that does not lead."""
    app = web.Application(middlewares=[server.errors_as_json], client_max_size=64 * 1024)
    app[STANDBY], app[asked.LOG], app[server.REGISTRY] = standby, log, registry
    app.add_routes(
        [
            web.get("/livez", server.livez),
            web.get("/readyz", readyz),
            web.get("/metrics", server.metrics),
            web.get("/api/v1/status", status),
            web.get("/api/v1/decisions", server.decisions),
            web.get("/api/v1/decisions/{id}", server.decision),
            *notes.routes,
            web.get("/api/v1/releases", server.releases),
            web.route("*", "/api/v1/{rest:.*}", elsewhere),
        ]
    )
    return app


async def readyz(request: web.Request) -> web.Response:
    """Ready to take over: 200, else 503."""
    return server.ready(*request.app[STANDBY].readiness())


async def status(request: web.Request) -> web.Response:
    """Everything at a glance."""
    return web.json_response(request.app[STANDBY].status())


async def elsewhere(request: web.Request) -> NoReturn:
    """What only the process that leads can do."""
    raise request.app[STANDBY].refuse(request.path)
