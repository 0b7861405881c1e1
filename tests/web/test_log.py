"""/api/v1/decisions and /api/v1/releases: what the decision log holds, in the words in which the file is read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.cli.documents import CART, NOW, decision_row, history, release_row
from tests.web.conftest import Served
from watcher.adapters.store.documents import decision_document, release_document
from watcher.cli.answers import FileAnswers
from watcher.ports import Commit, Rejected, Unavailable
from watcher.web.server import REPORTING


@pytest.fixture(autouse=True)
def _history(served: Served) -> None:
    served.outside.store.commit(history())


async def test_decisions_are_as_the_file_tells_them(served: Served) -> None:
    body = await served.get("/api/v1/decisions")
    assert [each["id"] for each in body["items"]] == ["3f77aa00", "3f9a01c2"]
    assert body["items"] == FileAnswers(served.outside.store).decisions("", 100, 0.0)


async def test_one_decision_is_as_the_file_tells_it(served: Served) -> None:
    assert await served.get("/api/v1/decisions/3f9a") == decision_document(decision_row())


async def test_releases_are_as_the_file_tells_them(served: Served) -> None:
    body = await served.get("/api/v1/releases")
    assert body["items"] == FileAnswers(served.outside.store).releases("", 100, 0.0)
    assert release_document(release_row(ended=NOW - 200)) in body["items"]


@pytest.mark.parametrize("kind", ["decisions", "releases"])
async def test_a_selection(served: Served, kind: str) -> None:
    assert len((await served.get(f"/api/v1/{kind}?limit=1"))["items"]) == 1
    only = (await served.get(f"/api/v1/{kind}?workload={CART}"))["items"]
    assert {each["workload"] for each in only} == {CART}
    assert (await served.get(f"/api/v1/{kind}?since={NOW + 1}"))["items"] == []
    assert (await served.get(f"/api/v1/{kind}?since={NOW!r}&limit=1000&workload="))["items"] == []


async def test_a_damaged_body_is_told_with_what_the_columns_say(served: Served) -> None:
    served.outside.store.commit(Commit(decisions=(replace(decision_row(), body=b"{"),)))
    body = await served.get("/api/v1/decisions/3f9a01c2")
    assert body["action"] == "roll_back"
    assert "damaged" in body["problem"]


@pytest.mark.parametrize("kind", ["decisions", "releases"])
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit=0 is out of range; use 1 to 1000"),
        ("limit=1001", "limit=1001 is out of range; use 1 to 1000"),
        ("limit=2.5", "limit=2.5 is out of range; use 1 to 1000"),
        ("limit=many", "limit=many is no number"),
        ("limit=", "limit= is no number"),
        ("since=nan", "since=nan is no number"),
        ("since=inf", "since=inf is no number"),
        ("since=-inf", "since=-inf is no number"),
        ("since=yesterday", "since=yesterday is no number"),
        ("workload=cart", "'cart' does not name a workload; write Kind/namespace/name"),
        ("workload=Pod/shop/cart", "'Pod' is not a kind of workload"),
        ("workload=Deployment/shop/" + "x" * 700, "a name of 716 characters is no workload's"),
        ("sinse=1", "there is no parameter 'sinse'; use limit, since, workload"),
    ],
)
async def test_a_selection_that_makes_no_sense(served: Served, kind: str, query: str, message: str) -> None:
    assert message in (await served.error(f"/api/v1/{kind}?{query}", 400))["message"]


async def test_an_id_that_is_unknown_or_meant_for_several(served: Served) -> None:
    unknown = await served.error("/api/v1/decisions/3f9b", 404)
    assert unknown["remedy"] == "did you mean 3f9a01c2?"
    several = await served.error("/api/v1/decisions/3f", 404)
    assert several["message"].startswith("2 decisions begin with '3f'")


async def test_an_id_of_any_length_costs_nothing(served: Served) -> None:
    assert "5000 characters" in (await served.error("/api/v1/decisions/" + "a" * 5000, 400))["message"]


@pytest.mark.parametrize(
    ("failure", "status"),
    [(Unavailable("the volume is away"), 503), (Rejected("the log is damaged"), 500)],
)
async def test_a_log_that_cannot_be_read(
    served: Served, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(served.outside.store, "decisions", fail)
    assert (await served.error("/api/v1/decisions", status))["message"] == str(failure)


@pytest.mark.parametrize("path", ["/", "/api/v1", "/api/v1/decision", "/api/v1/why/Deployment/shop", "/api/v2/status"])
async def test_a_path_that_is_not_there(served: Served, path: str) -> None:
    await served.error(path, 404)


async def test_nothing_can_be_written(served: Served) -> None:
    async with served.http.post("/api/v1/decisions", json={}) as answer:
        assert answer.status == 405
        assert "GET" in answer.headers["Allow"]
        assert (await answer.json())["error"]["code"] == 405


async def test_a_fault_of_ours_has_the_one_shape_too(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(served.life.daemon.status, "status", fail)
    error = await served.error("/api/v1/status", 500)
    assert error["message"] == "watcher itself failed: ZeroDivisionError"


async def test_reports_are_made_one_at_a_time(served: Served) -> None:
    application = served.http.app
    assert application is not None
    async with application[REPORTING]:
        refused = await served.error("/api/v1/report", 503)
        assert "one at a time" in refused["message"]
    assert "rollbacks" in await served.get("/api/v1/report")
