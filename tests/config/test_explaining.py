"""Each effective value with the line it comes from."""

from __future__ import annotations

from tests.config.texts import GOOD, deployment
from watcher.config import explain, loads
from watcher.config.defaults import SETTINGS

FILE = GOOD.replace("version: 1", "version: 1 # 1\ncluster: eu # 2").replace("shop}", '"shop*"}') + (
    "    bake: 10m # 11\n"
    "  - match: {name: checkout} # 12\n"
    "    checks:\n"
    "      errors: {max: 0.2%} # 14\n"
    "      latency: none\n"
    "    require: [errors] # 16\n"
    "never: [{name: cart}] # 17\n"
)


def rows(name: str = "checkout") -> dict[str, tuple[str, str]]:
    explanation = explain(loads(FILE, "f.yaml"), deployment(name=name))
    return {row.key: (row.value, row.origin) for row in explanation.rows}


def test_values_name_file_and_line_or_default() -> None:
    found = rows()
    assert found["cluster"] == ("eu", "f.yaml:2")
    assert found["bake.for"] == ("10m", "f.yaml:11")
    assert found["bake.max"] == ("4h", "default")
    assert found["checks.errors.total"] == ("http_requests_total", "f.yaml:6")
    assert found["checks.errors.bad"] == ("{code: 5..}", "f.yaml:6")
    assert found["checks.errors.max"] == ("0.2%", "f.yaml:14")
    assert found["checks.errors.may"] == ("act", "default")
    assert found["checks.errors.identify"] == ("{by: pod, namespace: namespace, pod: pod}", "default")
    assert found["require"] == ("errors", "f.yaml:16")
    assert found["never"] == ("false", "default")
    assert found["falseRollbacks"] == ("1 per 1000 releases", "default")
    assert not [key for key in found if key.startswith("checks.latency")]


def test_without_overrides_the_definition_counts() -> None:
    found = rows("cart")
    assert found["checks.errors.max"] == ("1%", "f.yaml:6")
    assert found["checks.latency.slowerThan"] == ("500ms", "f.yaml:7")
    assert found["checks.latency.unit"] == ("seconds", "default")
    assert found["require"] == ("errors", "default")
    assert found["never"] == ("true (entry 1 of never)", "f.yaml:17")


def test_every_setting_is_explained() -> None:
    assert {".".join(key) for key in SETTINGS} <= rows().keys()


def test_the_built_in_list_is_named() -> None:
    explanation = explain(loads(FILE.replace('"shop*"', '"*"')), deployment("kube-system", "coredns"))
    assert [row.value for row in explanation.rows if row.key == "never"] == [
        "true (Kubernetes itself is on the built-in list)"
    ]


def test_entries_that_match_are_named_in_order() -> None:
    loaded = loads(FILE, "f.yaml")
    assert explain(loaded, deployment()).entries == ("f.yaml:9", "f.yaml:12")
    unwatched = explain(loaded, deployment("other", "other"))
    assert (unwatched.watched, unwatched.entries, unwatched.rows) == (False, (), ())


def test_values_read_as_they_are_written() -> None:
    text = FILE.replace(
        "errors: {max: 0.2%}",
        "errors: {identify: {by: workload, namespace: '', workload: app, map: {a: b}}, bad: [{a: [b, c]}, {d: e}]}",
    )
    explanation = explain(loads(text, "f.yaml"), deployment())
    found = {row.key: row.value for row in explanation.rows}
    assert found["checks.errors.identify"] == "{by: workload, workload: app, map: {a: b}}"
    assert found["checks.errors.bad"] == "[{a: [b, c]}, {d: e}]"
    assert found["judge.earlyPass"] == "false"
