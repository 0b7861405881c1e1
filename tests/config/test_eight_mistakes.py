"""All mistakes of a file at once, each with its place and remedy."""

from __future__ import annotations

from tests.config.texts import problems

EIGHT = """\
version: 1
mode: off
sources:
  main:
    url: prometheus:9090
checks:
  errors:
    total: http_requests_total
    bad: {code: "5(.."}
    max: 5
    increse: 2x
  lag:
    query: sum by (app) (kafka_consumergroup_lag)
    identify: {by: workload, workload: deployment}
    max: 10000
services:
  - match: {namespace: "shop-*"}
    checks: {erors: {}, lag: {}}
    bake: 30
"""


def test_eight_different_mistakes_are_all_told_in_the_order_of_their_lines() -> None:
    assert problems(EIGHT) == [
        "2:7 mode cannot be off (off without quotes is a boolean to YAML 1.1); use one of observe, propose, act",
        "5:10 prometheus:9090 is not an HTTP address; write http://HOST:PORT or https://HOST:PORT",
        (
            "9:17 the pattern '5(..' does not do: illegal regex for 5(..; "
            'write a regular expression of the whole value, as in "5.."'
        ),
        "10:10 max is a share of requests, and 5 is not in 0 to 1; write 5% if percent are meant",
        "11:5 unknown key increse in checks.errors; did you mean increase?",
        (
            "13:12 the query of lag drops the labels namespace and deployment that identify by workload needs; "
            "keep it, as in by (namespace, deployment), or choose another identify (by: pod, workload, fixed)"
        ),
        "18:14 the check erors is not defined; did you mean errors?",
        (
            "19:11 bake: the duration 30 has no unit; "
            "write a number with its unit, largest unit first, as in 500ms, 30s, 5m, 1h30m or 14d"
        ),
    ]


def test_a_mistake_does_not_breed_others() -> None:
    spoilt = EIGHT.replace("total: http_requests_total", "total: [a]").replace("- match:", "- macth:")
    told = problems(spoilt)
    assert [line for line in told if "errors" in line and "does not say" in line] == []
    assert [line for line in told if line.startswith("8:")] == ["8:12 total must be text, not a list; write one value"]
    assert [line for line in told if line.startswith("17:")] == [
        "17:5 unknown key macth in services; did you mean match?",
    ]
