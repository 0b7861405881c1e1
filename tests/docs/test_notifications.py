"""The page on notifications: samples as they are sent, every stage, and a snippet that verifies."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import pytest

from tests.docs.pages import code, page
from tests.docs.samples import samples
from watcher.adapters import signing
from watcher.core.stages import TOLD

PAGE = page("docs/notifications.md")
BODY = b'{"specversion":"1.0"}'
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="
TEXT = "a secret of some length"


def test_samples_are_what_is_sent() -> None:
    shown = {fence.info[1]: fence.text for fence in PAGE.fences() if fence.info[:1] == ("text",)}
    assert shown == samples()


def test_every_stage_has_its_row() -> None:
    rows = PAGE.table("Stages")
    assert {stage: (*code(cells[1]), cells[2]) for stage, cells in rows.items()} == {
        stage.value: (told.reason, "yes" if told.by_default else "no") for stage, told in TOLD.items()
    }


@pytest.fixture(scope="module")
def verify() -> Callable[..., bool]:
    (snippet,) = [fence for fence in PAGE.fences() if fence.info == ("python", "verify")]
    seen: dict[str, Callable[..., bool]] = {}
    exec(compile(snippet.text, "docs/notifications.md", "exec"), seen)  # noqa: S102 - our own page
    return seen["verify"]


def signed(*secrets: str, at: float | None = None) -> Mapping[str, str]:
    keys = signing.keys("\n".join(secrets), "secret")
    return signing.headers("d1/held", time.time() if at is None else at, BODY, keys)


def test_the_snippet_takes_what_was_signed(verify: Callable[..., bool]) -> None:
    assert verify(signed(SECRET), BODY, SECRET)
    assert verify(signed(TEXT), BODY, TEXT)
    assert verify(signed(TEXT, SECRET), BODY, SECRET)


def test_the_snippet_refuses_everything_else(verify: Callable[..., bool]) -> None:
    good = signed(SECRET)
    assert not verify(good, BODY + b" ", SECRET)
    assert not verify(good, BODY, TEXT)
    assert not verify({**good, "webhook-id": "d1/restored"}, BODY, SECRET)
    assert not verify({**good, "webhook-timestamp": str(int(time.time()) + 1)}, BODY, SECRET)
    assert not verify(signed(SECRET, at=time.time() - 301), BODY, SECRET), "played back"
