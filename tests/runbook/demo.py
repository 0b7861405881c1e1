"""The runbook of the examples in docs/examples: `python -m tests.runbook.demo` writes it anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.runbook import views as v
from watcher.config import loads
from watcher.core.policy import Subject
from watcher.runbook.compose import runbook
from watcher.runbook.facts import Details
from watcher.runbook.markdown import markdown

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "incident-runbook.md"
COMMAND = "python -m tests.runbook.demo"
THRESHOLDS = """
version: 1
sources: {main: {url: "http://prometheus.monitoring:9090"}}
checks: {errors: {total: http_requests_total, bad: {code: "5.."}, max: 1%}}
services: [{match: {namespace: shop}, checks: {errors: {}}}]
"""


def example() -> str:
    """A Deployment that Argo CD keeps, with a flag and notes on migrations."""
    view = v.managed()
    newest = replace(
        view.revisions[-1],
        commit=v.BAD_COMMIT,
        flag="openfeature/one-query@shop/flags",
        migrations="cart-migrations",
    )
    thresholds = loads(THRESHOLDS)
    facts = v.facts(
        replace(view, revisions=(*view.revisions[:-1], newest)),
        Details(selector="app=cart"),
        policy=thresholds.policy_for(Subject("Deployment", "shop", "cart")),
    )
    return markdown(runbook(facts))


if __name__ == "__main__":
    EXAMPLE.parent.mkdir(exist_ok=True)
    EXAMPLE.write_text(example())
