"""The part of the Prometheus HTTP API that clients of the embedded source need: GET, and POST as a form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from importlib.metadata import version

from aiohttp import web

from watcher.sandbox.metrics.parameters import Parameters
from watcher.sandbox.metrics.promql.queries import instant, over
from watcher.sandbox.metrics.promql.values import BadQuery, CannotEvaluate
from watcher.sandbox.metrics.rendering import Json, render
from watcher.sandbox.metrics.store import Series, Store

APPLICATION = "rollback-watcher embedded metrics source"
MOST_POINTS = 11_000
"""Points of a range query's answer per series, as in Prometheus."""

Verb = Callable[[Parameters], Json]


class QueryApi:
    """Answers from a store.  `now` tells the time in Unix seconds."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now

    def application(self) -> web.Application:
        """The web application, to be served."""
        application = web.Application()
        application.on_response_prepare.append(self._date)
        verbs: dict[str, Verb] = {
            "query": self.query,
            "query_range": self.query_range,
            "series": self.series,
            "labels": self.labels,
        }
        for name, verb in verbs.items():
            application.router.add_get(f"/api/v1/{name}", self._answering(verb))
            application.router.add_post(f"/api/v1/{name}", self._answering(verb))
        application.router.add_get("/api/v1/label/{name}/values", self._label_values)
        application.router.add_get("/api/v1/status/buildinfo", _build_information)
        application.router.add_get("/-/ready", _ready)
        return application

    async def _date(self, _request: web.Request, response: web.StreamResponse) -> None:
        """The answer's date is by the source's own clock, against which clients hold theirs."""
        response.headers["Date"] = formatdate(self._now(), usegmt=True)

    def query(self, parameters: Parameters) -> Json:
        """Evaluate at one time."""
        at = parameters.time_or_now("time")
        return render(instant(self._store, parameters.text("query"), at), at)

    def query_range(self, parameters: Parameters) -> Json:
        """Evaluate at every step from start to end."""
        start, end, step = parameters.time("start"), parameters.time("end"), parameters.duration("step")
        if end < start:
            raise BadQuery('invalid parameter "end": end timestamp must not be before start time')
        if step <= 0:
            raise BadQuery('invalid parameter "step": zero or negative query resolution step widths are not accepted')
        if (end - start) // step > MOST_POINTS:
            raise BadQuery("exceeded maximum resolution of 11,000 points per timeseries; try a larger step")
        return render(over(self._store, parameters.text("query"), start, end, step), end)

    def series(self, parameters: Parameters) -> Json:
        """Labels of every series that is selected."""
        if not parameters.selectors():
            raise BadQuery("no match[] parameter provided")
        return [dict(series.labels) for series in self._selected(parameters)]

    def labels(self, parameters: Parameters) -> Json:
        """Names of all labels."""
        return sorted({name for series in self._selected(parameters) for name, _ in series.labels})

    def _selected(self, parameters: Parameters) -> list[Series]:
        """Series that any `match[]` selects (all without one) and that have samples between start and end."""
        after, until = parameters.time("start", 0.0) - 1, parameters.time("end", self._now())
        chosen = {
            series.labels: series
            for wanted in parameters.selectors() or [[]]
            for series in self._store.select(wanted)
            if series.window(after, until)
        }
        return [chosen[labels] for labels in sorted(chosen)]

    def _answering(self, verb: Verb) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            return await self._answer(request, verb)

        return handle

    async def _label_values(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]

        def values(parameters: Parameters) -> Json:
            return sorted(
                {dict(series.labels)[name] for series in self._selected(parameters) if name in dict(series.labels)}
            )

        return await self._answer(request, values)

    async def _answer(self, request: web.Request, verb: Verb) -> web.Response:
        try:
            data = verb(Parameters(await _values(request), self._now()))
        except BadQuery as error:
            return _failure(400, "bad_data", error)
        except CannotEvaluate as error:
            return _failure(422, "execution", error)
        return web.json_response({"status": "success", "data": data})


async def _values(request: web.Request) -> dict[str, list[str]]:
    """Parameters of the form, then of the URL."""
    values: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in (await request.post()).items():
        if isinstance(value, str):
            values[name].append(value)
    for name, value in request.query.items():
        values[name].append(value)
    return values


def _failure(status: int, kind: str, error: Exception) -> web.Response:
    return web.json_response({"status": "error", "errorType": kind, "error": str(error)}, status=status)


async def _build_information(_: web.Request) -> web.Response:
    return web.json_response(
        {"status": "success", "data": {"application": APPLICATION, "version": version("rollback-watcher")}}
    )


async def _ready(_: web.Request) -> web.Response:
    return web.Response(text="The embedded metrics source is ready.\n")
