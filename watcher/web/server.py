"""The HTTP server: probes, own metrics, and what can be read; `writing` is what people may do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from watcher.adapters.store.documents import labelled, release_document, whole_decision
from watcher.adapters.store.worker import StoreThread
from watcher.core.telling.report import hold_body
from watcher.daemon.breakers import Breakers
from watcher.daemon.flag_restoring import FlagRestores
from watcher.daemon.persons import Persons
from watcher.daemon.rehearsals import Rehearsals
from watcher.daemon.status import Status
from watcher.ports import NoSuchDecision, Rejected, Unavailable
from watcher.reporting.compiling import Span
from watcher.reporting.document import document
from watcher.reporting.reading import report_from
from watcher.web import asked, breaking, commanding, flags, notes, rehearsing, writing
from watcher.web.errors import BadRequest, decision_id, failure
from watcher.web.tokens import Tokens
from watcher.web.writing import Handler

TWO_WEEKS = 14 * 86400.0

STATUS = web.AppKey("status", Status)
REGISTRY = web.AppKey("registry", CollectorRegistry)
REPORTING = web.AppKey("reporting", asyncio.Lock)

log = structlog.get_logger("watcher.web")
routes = web.RouteTableDef()


@dataclass(frozen=True)
class People:
    """What people may do with the daemon, and by which tokens; what is not there has no paths."""

    persons: Persons
    tokens: Tokens
    rehearsals: Rehearsals | None = None
    breakers: Breakers | None = None
    flag_restores: FlagRestores | None = None


def application(
    status: Status, store: StoreThread, registry: CollectorRegistry, people: People | None = None
) -> web.Application:
    """The aiohttp application over a running daemon's parts; without people it can only be read."""
    app = web.Application(middlewares=[errors_as_json, writing.refusals], client_max_size=64 * 1024)
    app[STATUS], app[asked.LOG], app[REGISTRY] = status, store, registry
    app[REPORTING] = asyncio.Lock()
    app.add_routes(routes)
    app.add_routes(notes.routes)
    if people is not None:
        _let_in(app, people)
    return app


def _let_in(app: web.Application, people: People) -> None:
    app[writing.PERSONS], app[writing.TOKENS] = people.persons, people.tokens
    app.add_routes(writing.routes)
    app.add_routes(commanding.routes)
    if people.rehearsals is not None:
        app[rehearsing.REHEARSALS] = people.rehearsals
        app.add_routes(rehearsing.routes)
    if people.breakers is not None:
        app[breaking.BREAKERS] = people.breakers
        app.add_routes(breaking.routes)
    if people.flag_restores is not None:
        app[flags.FLAGS] = people.flag_restores
        app.add_routes(flags.routes)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error in the one shape, with a remedy."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _refused(error)
    except NoSuchDecision as error:
        remedy = f"did you mean {' or '.join(error.near)}?" if error.near else "list them: /api/v1/decisions"
        return failure(404, str(error), remedy)
    except BadRequest as error:
        return failure(400, str(error), "correct the request")
    except Unavailable as error:
        return failure(503, str(error), "try again later")
    except Rejected as error:
        return failure(500, str(error), "see the daemon's log")
    except Exception as error:
        log.exception("request_failed", path=request.path)
        return failure(500, f"watcher itself failed: {type(error).__name__}", "report it with the daemon's log")


def _refused(error: web.HTTPException) -> web.Response:
    """aiohttp's own errors: no such path, another method."""
    answer = failure(error.status, error.reason, "the paths are /livez, /readyz, /metrics and those below /api/v1/")
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer


@routes.get("/livez")
async def livez(_request: web.Request) -> web.Response:
    """Alive: the loop answers."""
    return web.Response(text="ok\n")


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    """Ready: 200, else 503; the reasons and everything else worth knowing, one a line."""
    return ready(*request.app[STATUS].readiness())


def ready(is_ready: bool, reasons: list[str]) -> web.Response:  # noqa: FBT001 - as readiness() gives them
    """The answer to a readiness probe."""
    lines = ["ready" if is_ready else "not ready", *reasons]
    return web.Response(text="\n".join(lines) + "\n", status=200 if is_ready else 503)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """The daemon's own metrics, as Prometheus or OpenMetrics text."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return web.Response(body=encode(request.app[REGISTRY]), headers={"Content-Type": content_type})


@routes.get("/api/v1/status")
async def status(request: web.Request) -> web.Response:
    """Everything at a glance."""
    return web.json_response(request.app[STATUS].status())


@routes.get("/api/v1/doctor")
async def doctor(request: web.Request) -> web.Response:
    """The last preflight."""
    return web.json_response(request.app[STATUS].doctor())


@routes.get("/api/v1/why/{kind}/{namespace}/{name}")
async def why(request: web.Request) -> web.Response:
    """Why a workload was or was not rolled back."""
    place = request.match_info
    workload = asked.workload(f"{place['kind']}/{place['namespace']}/{place['name']}")
    return web.json_response(request.app[STATUS].why(workload))


@routes.get("/api/v1/decisions")
async def decisions(request: web.Request) -> web.Response:
    """Decisions, newest first."""
    workload, limit, since = asked.selection(request)
    items = await request.app[asked.LOG].read(
        lambda log: labelled(log, log.decisions(workload, limit=limit, since=since))
    )
    return web.json_response({"items": items})


@routes.get("/api/v1/decisions/{id}")
async def decision(request: web.Request) -> web.Response:
    """One decision, by id or by the beginning of it."""
    prefix = decision_id(request)
    document = await request.app[asked.LOG].read(lambda log: whole_decision(log, log.decision(prefix)))
    return web.json_response(document)


@routes.get("/api/v1/releases")
async def releases(request: web.Request) -> web.Response:
    """Releases, newest first."""
    workload, limit, since = asked.selection(request)
    rows = await request.app[asked.LOG].read(lambda log: log.releases(workload, limit=limit, since=since))
    return web.json_response({"items": [release_document(row) for row in rows]})


@routes.get("/api/v1/holds")
async def holds(request: web.Request) -> web.Response:
    """Everything that is held."""
    return web.json_response({"items": [hold_body(each) for each in request.app[STATUS].holds()]})


@routes.get("/api/v1/report")
async def report(request: web.Request) -> web.Response:
    """What was watched, what was or would have been undone, and what is ready to act.

    One at a time: each goes through all of the log, and the daemon itself reads it too.
    """
    span, reporting = _span(request, request.app[STATUS].now()), request.app[REPORTING]
    if reporting.locked():
        raise Unavailable("another report is being made, and they are made one at a time")
    async with reporting:
        found = await request.app[asked.LOG].read(lambda log: report_from(log, span))
    return web.json_response(document(found))


def _span(request: web.Request, now: float) -> Span:
    """Since (Unix seconds, default two weeks ago), until (default now) and namespace.  Raises BadRequest."""
    asked.only(request, {"since", "until", "namespace"})
    since, until = asked.number(request, "since", repr(now - TWO_WEEKS)), asked.number(request, "until", repr(now))
    namespace = request.query.get("namespace", "")
    if len(namespace) > asked.LONGEST_NAME:
        raise BadRequest(f"a glob of {len(namespace)} characters is no namespace's")
    return Span(since, until, now, namespace)
