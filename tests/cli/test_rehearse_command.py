"""`watcher rehearse`: what a command line lacks is named before anything is asked."""

from __future__ import annotations

import pytest

from tests.cli.test_reading_commands import watcher
from watcher.cli.exits import Exit

BOTH = "name the workload, and the namespace that is there for rehearsals: KIND/NAME --in NAMESPACE"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), BOTH),
        (("--restore",), BOTH),
        (("--in", "shop-drill"), BOTH),
        (("Deployment/cart",), "name the namespace that is there for rehearsals: --in NAMESPACE"),
        (("Deployment/shop/cart", "--in", "shop-drill"), "Deployment/shop/cart is not in namespace shop-drill"),
    ],
)
def test_what_is_missing_is_named(arguments: tuple[str, ...], says: str) -> None:
    result = watcher("rehearse", *arguments)
    assert (result.exit_code, result.stderr) == (Exit.INVALID, f"watcher: {says}\n")
