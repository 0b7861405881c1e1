"""The page on recordings names every key, and its example is one."""

from __future__ import annotations

from dataclasses import fields

from pydantic import BaseModel

from tests.docs.pages import page
from watcher.replay.finals import Row
from watcher.replay.recording import read_spec
from watcher.replay.spec import RecordingSpec, WorkloadSpec

PAGE = page("docs/recordings.md")


def keys(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_every_key_has_its_row() -> None:
    assert set(PAGE.table("Top")) == keys(RecordingSpec)
    assert {key for key in PAGE.table("Workloads") if "[" not in key} == keys(WorkloadSpec)
    assert set(PAGE.table("Rows")) == {field.name for field in fields(Row)}


def test_the_example_is_a_recording() -> None:
    (example,) = [fence for fence in PAGE.fences() if fence.info == ("yaml", "recording")]
    spec = read_spec(example.text.encode(), "docs/recordings.md", "cart-1.9.0")
    (cart,) = spec.workloads
    assert [len(pod.ready) for pod in cart.pods] == [1, 2]
    assert spec.truth is not None
