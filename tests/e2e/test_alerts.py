"""The alert rules, read and played by promtool; and the metrics of a daemon, held to its conventions."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import ROOT
from tests.e2e.alert_cases import CASES, Case

RULES = ROOT / "config" / "alerts.yaml"
ALERTS = {rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}


def promtool(tools: Mapping[str, Path], *arguments: str | Path, stdin: str | None = None) -> None:
    """Run it; what it says is the message of a failure."""
    done = subprocess.run(
        [tools["promtool"], *arguments], input=stdin, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_reads_the_rules_and_finds_nothing_to_say(tools: Mapping[str, Path]) -> None:
    promtool(tools, "check", "rules", "--lint=all", "--lint-fatal", RULES)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_fires_when_it_must_and_only_then(alert: str, tools: Mapping[str, Path], tmp_path: Path) -> None:
    played = tmp_path / "cases.yaml"
    tests = [_test(case) for case in CASES if case.alert == alert]
    played.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    promtool(tools, "test", "rules", played)


def _test(case: Case) -> dict[str, Any]:
    rule = ALERTS[case.alert]
    expected = [
        {
            "exp_labels": {name: value for name, value in labels.items() if value} | rule["labels"],
            "exp_annotations": {
                name: _rendered(text, labels, case.value) for name, text in rule["annotations"].items()
            },
        }
        for labels in case.fires
    ]
    return {
        "name": f"{case.alert} {case.title}",
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
        "alert_rule_test": [{"eval_time": f"{case.at}m", "alertname": case.alert, "exp_alerts": expected}],
    }


def _rendered(text: str, labels: Mapping[str, str], value: str) -> str:
    """As Prometheus renders it, for what our texts use of its templates."""
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels[found[1]], text)
    return re.sub(r"\{\{ \$value( \| humanizeDuration)? \}\}", value, text)
