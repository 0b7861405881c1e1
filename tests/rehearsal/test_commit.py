"""What a rehearsal has changed in a file is put back, and nothing else."""

from __future__ import annotations

import json

import pytest

from watcher.adapters.kubernetes.rehearsing import read_note
from watcher.core.drill import missing
from watcher.ports import Rejected
from watcher.rehearsal.commit import mended

DRILL = "9c41d0e2"
IMAGE = "registry.example/shop:5.2@sha256:abc"
WHOLE = f"spec:\n  image: {IMAGE}\n  replicas: 2\n"


@pytest.mark.parametrize(
    ("before", "broken"),
    [
        (WHOLE, WHOLE.replace(IMAGE, missing(IMAGE, DRILL))),
        ('images:\n- newTag: "5.2"\n', f"images:\n- newTag: watcher-rehearsal-{DRILL}\n"),
        ("image:\n  tag: 5.2\n  repository: shop\n", f"image:\n  tag: watcher-rehearsal-{DRILL}\n  repository: shop\n"),
    ],
)
def test_the_image_is_as_before_and_what_others_changed_stays(before: str, broken: str) -> None:
    image = IMAGE if "sha256" in before else "registry.example/shop:5.2"
    assert mended(broken, before, image, DRILL) == before
    others = f"# by a colleague\n{broken}"
    assert mended(others, before, image, DRILL) == f"# by a colleague\n{before}"


def test_a_text_that_tells_something_else_changes_nothing() -> None:
    broken = WHOLE.replace(IMAGE, missing(IMAGE, DRILL))
    assert mended(broken, "spec:\n  image: evil.example/shop:1\n", IMAGE, DRILL) == broken


@pytest.mark.parametrize("drill", ["", "9c41", "9C41D0E2", "9c41d0e2\n"])
def test_a_note_of_no_rehearsal_is_not_put_back(drill: str) -> None:
    text = json.dumps({"drill": drill, "spec": {}, "labels": {}, "annotations": {}})
    with pytest.raises(Rejected, match="cannot be read"):
        read_note({"metadata": {"annotations": {"watcher.dev/rehearsal": text}}})
