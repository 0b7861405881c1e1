"""Scenarios 1, 3 and 4: a release that is rolled out and bad is undone, for every kind of workload."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json, eventually
from tests.e2e.harness import Daemon, Shop, alongside
from tests.e2e.traffic import Traffic

GOOD, FIXED = "shop/cart:1.9", "shop/cart:1.10.1"
BAD = "shop/cart:1.10-err20"


@alongside
def test_a_bad_release_of_a_deployment_is_undone(
    control_plane: ControlPlane, shop: Shop, watcher: Daemon, traffic: Traffic, measured: Callable[[str], None]
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1.8", kubectl=True)
    watcher.start()
    cart.release(GOOD)
    watcher.passes(cart, GOOD)

    control_plane.kubectl("annotate", "deployment/cart", f"--namespace={shop.namespace}", "team=shop")
    cart.release(BAD)
    decision = watcher.restores(cart)

    cart.serves(GOOD)
    annotations = cart.live["metadata"]["annotations"]
    assert annotations["team"] == "shop"
    assert annotations["watcher.dev/decision"] == decision["id"]
    assert "RollingBack" in [event["reason"] for event in cart.events]
    the_log_is_complete(decision)
    the_note_is_written(watcher, decision)
    served = traffic.version(shop.namespace, BAD)
    assert served.first_bad_at is not None
    assert served.last_bad_at is not None
    assert served.last_bad_at < decision["restored_at"]
    measured(
        f"20 % errors: decided {decision['decided_at'] - served.first_bad_at:.1f} s after the first bad "
        f"request, last bad request after {served.last_bad_at - served.first_bad_at:.1f} s, "
        f"recovery proven after {decision['restored_at'] - served.first_bad_at:.1f} s"
    )

    cart.release(FIXED)
    watcher.passes(cart, FIXED)
    assert len(watcher.decisions(cart)) == 1


def the_note_is_written(watcher: Daemon, decision: Json) -> None:
    """By itself beside the decision log, and by the daemon when it is asked."""
    folder = watcher.store.parent / "notes"
    eventually(lambda: list(folder.glob(f"*-{decision['id']}.md")), 20, "the note is written")
    (note,) = folder.glob(f"*-{decision['id']}.md")
    picture = note.with_suffix(".svg").read_text()
    assert {mark for mark in ("release began", "decided", "undo done", "restored") if f">{mark}<" in picture} == {
        "release began",
        "decided",
        "undo done",
        "restored",
    }
    asked = watcher.get(f"decisions/{decision['id']}/note")
    assert (asked["markdown"], asked["picture"]) == (note.read_text(), picture)
    assert "The service has recovered" in asked["markdown"]


def the_log_is_complete(decision: Json) -> None:
    assert (decision["action"], decision["mode"], decision["rung"]) == ("roll_back", "act", "undo")
    assert decision["target"]["images"] == [GOOD]
    assert decision["target"]["provenance"] == "passed"
    undo = next(rung for rung in decision["rungs"] if rung["rung"] == "undo")
    assert undo["taken"]
    assert undo["at"] >= decision["decided_at"]
    assert 0 < undo["took_s"] < 60
    assert decision["first_bad_at"] < decision["decided_at"] < decision["restored_at"]
    assert [each["check"] for each in decision["verdicts"]] == ["errors"]
