from __future__ import annotations

import base64
import email.utils
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
import respx
from structlog.testing import capture_logs

from watcher.adapters.prometheus import transport
from watcher.adapters.prometheus.source import PrometheusSource
from watcher.core.policy import Auth, PartialResponse, Replicas, Source, Tls
from watcher.ports import Rejected, Unavailable

URL = "http://prometheus.test:9090"
NOW = 1_760_000_000.0
EMPTY = {"status": "success", "data": {"resultType": "matrix", "result": []}}

Make = Callable[..., PrometheusSource]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[PrometheusSource] = []

    def source(url: str = URL, **settings: object) -> PrometheusSource:
        made.append(PrometheusSource(Source("main", url, **settings), now=lambda: NOW))  # type: ignore[arg-type]
        return made[-1]

    yield source
    for each in made:
        await each.close()


@pytest.fixture
def server() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=URL) as router:
        router.post("/api/v1/query").respond(json=EMPTY)
        yield router


def form(router: respx.MockRouter) -> dict[str, str]:
    return dict(httpx.QueryParams(router.calls.last.request.content.decode()))


async def test_a_range_selector_is_read_with_one_instant_query(make: Make, server: respx.MockRouter) -> None:
    metric = {"__name__": "up", "pod": "a"}
    values = [[NOW - 15, "1"], [NOW - 0.5, "2.5e3"], [NOW, "NaN"]]
    result = [{"metric": metric, "values": values}]
    server.post("/api/v1/query").respond(json={"status": "success", "data": {"resultType": "matrix", "result": result}})

    (series,) = await make().raw('up{pod=~"a"}', 45.001, NOW)

    assert series.labels == metric
    assert repr(series.samples) == repr([(NOW - 15, 1.0), (NOW - 0.5, 2500.0), (NOW, float("nan"))])
    sent = form(server)
    assert (sent["query"], sent["time"]) == ('up{pod=~"a"}[45001ms]', "1760000000.000")


async def test_an_instant_vector_and_a_scalar_are_samples(make: Make, server: respx.MockRouter) -> None:
    route = server.post("/api/v1/query")
    vector = {"resultType": "vector", "result": [{"metric": {"app": "a"}, "value": [NOW, "7"]}]}
    route.respond(json={"status": "success", "data": vector})
    assert [(each.labels, each.at, each.value) for each in await make().instant("lag", NOW)] == [({"app": "a"}, NOW, 7)]

    route.respond(json={"status": "success", "data": {"resultType": "scalar", "result": [NOW, "3"]}})
    assert [(each.labels, each.value) for each in await make().instant("scalar(x)", NOW)] == [({}, 3)]


async def test_a_result_of_another_kind_is_refused(make: Make, server: respx.MockRouter) -> None:
    with pytest.raises(Rejected, match="gives a matrix, a vector is needed"):
        await make().instant("up[5m]", NOW)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"partial_response": "false", "deny_partial_response": "1"}),
        ({"partial_response": PartialResponse.ALLOW}, {}),
        ({"replicas": Replicas.SEPARATE, "partial_response": PartialResponse.ALLOW}, {"dedup": "false"}),
        ({"replicas": Replicas.DEDUPLICATED, "partial_response": PartialResponse.ALLOW}, {"dedup": "true"}),
    ],
)
async def test_options_of_other_apis_are_sent(
    make: Make, server: respx.MockRouter, settings: dict[str, object], expected: dict[str, str]
) -> None:
    await make(**settings).raw("up{}", 1, NOW)

    sent = form(server)
    assert {name: sent[name] for name in sent.keys() - {"query", "time", "timeout"}} == expected


async def test_the_scope_is_part_of_each_selector(make: Make, server: respx.MockRouter) -> None:
    source = make(scope=(("cluster", "eu"),))

    await source.raw('up{pod=~"a"}', 1, NOW)
    assert form(server)["query"] == 'up{cluster="eu",pod=~"a"}[1000ms]'

    server.post("/api/v1/query").respond(json={"status": "success", "data": {"resultType": "vector", "result": []}})
    await source.instant("max(up)", NOW)
    assert form(server)["query"] == 'max(up{cluster="eu"})'


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (400, {"status": "error", "errorType": "bad_data", "error": "parse error"}, Rejected, "HTTP 400: parse error"),
        (422, {"status": "error", "error": "too many samples"}, Rejected, "HTTP 422: too many samples"),
        (401, None, Rejected, "HTTP 401; see `auth`, `tenant` and `headers` of the source"),
        (404, None, Rejected, "HTTP 404, and no Prometheus API answered; see `url` of the source"),
        (200, ["a page"], Rejected, "HTTP 200, and no Prometheus API answered"),
        (503, {"status": "error", "error": "query timed out"}, Unavailable, "HTTP 503: query timed out"),
        (429, None, Unavailable, "HTTP 429"),
        (200, {**EMPTY, "warnings": ["store x is gone"]}, Unavailable, "the answer is partial: store x is gone"),
        (200, {**EMPTY, "isPartial": True}, Unavailable, "the answer is partial: isPartial is set"),
    ],
)  # fmt: skip
async def test_what_the_server_says_becomes_an_error(
    make: Make, server: respx.MockRouter, status: int, body: object, error: type[Exception], text: str
) -> None:
    server.post("/api/v1/query").respond(status, content=json.dumps(body) if body is not None else "<html>")

    with pytest.raises(error) as raised:
        await make().raw("up{}", 1, NOW)

    assert str(raised.value).startswith(f"source main ({URL}): {text}")


async def test_partial_answers_count_where_that_is_allowed(make: Make, server: respx.MockRouter) -> None:
    server.post("/api/v1/query").respond(json={**EMPTY, "warnings": ["store x unreachable"]})

    assert await make(partial_response=PartialResponse.ALLOW).raw("up{}", 1, NOW) == []


async def test_notes_on_the_query_are_no_missing_parts(make: Make, server: respx.MockRouter) -> None:
    server.post("/api/v1/query").respond(json={**EMPTY, "warnings": ["PromQL warning: bucket label is malformed"]})

    assert await make().raw("up{}", 1, NOW) == []


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (httpx.ConnectError("connection refused"), "connection refused"),
        (httpx.ReadTimeout(""), "no answer within 20 s"),
        (httpx.RemoteProtocolError("Server disconnected"), "Server disconnected"),
    ],
)
async def test_no_answer_is_unavailable(make: Make, server: respx.MockRouter, failure: Exception, text: str) -> None:
    server.post("/api/v1/query").mock(side_effect=failure)

    with pytest.raises(Unavailable) as raised:
        await make("http://user:secret@prometheus.test:9090/").raw("up{}", 1, NOW)

    assert text in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("result", [[{"values": []}], [{"metric": {}, "values": [["now", "1"]]}], None])
async def test_an_answer_of_another_shape_is_refused(make: Make, server: respx.MockRouter, result: object) -> None:
    data = {"resultType": "matrix", "result": result}
    server.post("/api/v1/query").respond(json={"status": "success", "data": data})

    with pytest.raises(Rejected, match="the answer is none of the Prometheus API"):
        await make().raw("up{}", 1, NOW)


@pytest.mark.parametrize("text", ["two\nlines", "two words", "schlüssel", "bell\x07"])
async def test_a_file_without_a_token_is_named_and_not_shown(make: Make, tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)

    with pytest.raises(Unavailable) as raised:
        await make(auth=Auth(bearer_file=str(file))).raw("up{}", 1, NOW)

    assert str(raised.value) == f"bearer token file {file} holds no token: one word is expected"


async def test_headers_may_hold_any_letters(make: Make, server: respx.MockRouter) -> None:
    await make(headers=(("X-Team", "Schlüssel"),)).raw("up{}", 1, NOW)

    assert (b"X-Team", "Schlüssel".encode()) in server.calls.last.request.headers.raw


async def test_an_answer_that_is_too_large_is_refused(
    make: Make, server: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 10)

    with pytest.raises(Rejected, match="larger than"):
        await make().raw("up{}", 1, NOW)


async def test_user_and_password_of_the_address_are_sent_and_never_shown(
    make: Make, server: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    await make("http://user:se%40cret@prometheus.test:9090").raw("up{}", 1, NOW)

    assert server.calls.last.request.headers["authorization"] == "Basic " + base64.b64encode(b"user:se@cret").decode()
    assert "cret" not in caplog.text


async def test_headers_and_tenant_are_sent(make: Make, server: respx.MockRouter) -> None:
    await make(tenant="payments", headers=(("X-Team", "sre"),)).raw("up{}", 1, NOW)

    sent = server.calls.last.request.headers
    assert (sent["x-scope-orgid"], sent["x-team"], "authorization" in sent) == ("payments", "sre", False)


async def test_a_token_is_read_again_when_its_file_changes(
    make: Make, server: respx.MockRouter, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    source = make(auth=Auth(bearer_file=str(file)))
    seen = []
    for token in ("first\n", "second-and-longer\n"):
        file.write_text(token)
        await source.raw("up{}", 1, NOW)
        seen.append(server.calls.last.request.headers["authorization"])

    assert seen == ["Bearer first", "Bearer second-and-longer"]


async def test_a_password_comes_from_its_file(make: Make, server: respx.MockRouter, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("geheim")

    await make(auth=Auth(user="me", password_file=str(tmp_path / "password"))).raw("up{}", 1, NOW)

    assert server.calls.last.request.headers["authorization"] == "Basic " + base64.b64encode(b"me:geheim").decode()


async def test_a_missing_file_is_named(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "nothing"

    with pytest.raises(Unavailable, match=f"bearer token file {file} cannot be read: No such file"):
        await make(auth=Auth(bearer_file=str(file))).raw("up{}", 1, NOW)
    with pytest.raises(Unavailable, match=f"TLS file {file} cannot be read: No such file"):
        await make(tls=Tls(ca_file=str(file))).raw("up{}", 1, NOW)


async def test_tls_files_that_cannot_be_used_are_named_by_their_source(make: Make, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")

    with pytest.raises(Unavailable, match=f"TLS files of {URL} cannot be used"):
        await make(tls=Tls(ca_file=str(tmp_path / "ca.pem"))).raw("up{}", 1, NOW)


def dated(router: respx.MockRouter, seconds: float, **headers: str) -> None:
    date = email.utils.formatdate(NOW + seconds, usegmt=True)
    router.post("/api/v1/query").respond(json=EMPTY, headers={"Date": date, **headers})


async def test_a_clock_far_from_ours_makes_the_source_unusable(make: Make, server: respx.MockRouter) -> None:
    source = make()
    assert source.clock_offset is None
    dated(server, -90)

    with pytest.raises(Unavailable, match="its clock is -89 s from ours"):
        await source.raw("up{}", 1, NOW)
    assert source.clock_offset == -89.0


async def test_a_clock_a_little_off_is_said_once(make: Make, server: respx.MockRouter) -> None:
    source = make()
    with capture_logs() as logs:
        for skew in (0, 20, 25, 3, 30):
            dated(server, skew)
            await source.raw("up{}", 1, NOW)

    assert [each["seconds"] for each in logs] == [20, 30]
    assert source.clock_offset == 30.0


@pytest.mark.parametrize("headers", [{"Age": "300"}, {"Date": "yesterday"}])
async def test_a_date_that_says_nothing_is_passed_over(
    make: Make, server: respx.MockRouter, headers: dict[str, str]
) -> None:
    dated(server, -300, **headers)

    assert await make().raw("up{}", 1, NOW) == []


async def test_a_file_replaced_by_a_link_is_read_again(make: Make, server: respx.MockRouter, tmp_path: Path) -> None:
    """A Secret's mount changes by swapping a symbolic link."""
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (NOW, NOW))
    link = tmp_path / "token"
    link.symlink_to("one")
    source = make(auth=Auth(bearer_file=str(link)))
    await source.raw("up{}", 1, NOW)
    link.unlink()
    link.symlink_to("two")
    await source.raw("up{}", 1, NOW)

    assert server.calls.last.request.headers["authorization"] == "Bearer two"
