"""Feature flags over HTTP: those of releases under watch, and who may put one back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.daemon.outside import CART
from tests.docs.pages import page
from tests.flags.memory import MemoryFlags
from tests.web.conftest import Served, serving
from tests.web.test_writing import allow, call, error
from watcher.core.flags import Flag

FLAG = Flag("own", "new-cart", "production")
PATH = "/api/v1/decisions/0123/restore-flag"
REASON = {"reason": "mended in 5.2.1"}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A daemon that has seen cart, whose next version is tied to a flag."""

    def tied(outside_flags: MemoryFlags) -> None:
        outside_flags.put(FLAG, on=True)

    async with serving(tmp_path, tied) as found:
        yield found


async def test_flags_of_releases_under_watch_are_listed(served: Served) -> None:
    assert await served.get("/api/v1/flags") == {"items": []}
    served.outside.workloads[CART].flags["v2"] = str(FLAG)
    served.outside.release("v2")
    await served.step()
    (listed,) = (await served.get("/api/v1/flags"))["items"]
    assert (listed["flag"], listed["workloads"], listed["problem"]) == (
        str(FLAG),
        [str(CART)],
        "it was not looked at yet",
    )
    await served.error("/api/v1/flags?on=true", 400)


async def test_a_token_of_another_scope_may_not_put_one_back(served: Served) -> None:
    allow(served, "hold", "approve", "label")
    found = await error(served, "POST", PATH, 403, body=REASON)
    assert "not flag" in found["message"]


async def test_a_decision_that_is_not_there_is_told(served: Served) -> None:
    allow(served, "flag")
    await error(served, "POST", PATH, 404, body=REASON)


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "a", "force": True}, b"{"])
async def test_a_body_that_is_none_is_refused(served: Served, body: object) -> None:
    allow(served, "flag")
    await call(served, "POST", PATH, 400, body=body)


async def test_the_example_of_the_documentation_is_of_this_shape(served: Served) -> None:
    served.outside.workloads[CART].flags["v2"] = str(FLAG)
    served.outside.release("v2")
    await served.step()
    (fence,) = [fence for fence in page("docs/http-api.md").fences() if fence.info == ("json", "flag")]
    example = json.loads(fence.text)
    assert (await served.get("/api/v1/flags"))["items"][0].keys() == example.keys()
