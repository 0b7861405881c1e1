"""One mistake at a time: the place is the value's or the key's, the remedy names what to write."""

# ruff: noqa: E501 - one case a line, however long its message
from __future__ import annotations

import pytest

from tests.config.texts import GOOD, problems, spoilt, with_check

MATCH = "match: {namespace: shop}"
MARK = "»"
URL = "url: http://prometheus:9090"


# fmt: off
CASES = [
    ("version: 1", "version: »2", "version cannot be the number 2; use 1"),
    ("version: 1\n", "»mode: act\n", "the version of the syntax is missing; add version: 1 as the first line"),
    (URL, "»urk: http://x", "unknown key urk in sources.main; did you mean url?"),
    (URL, "", "3:3 the source main has no url; add url: http://HOST:PORT"),
    (URL, "url: »http://a:b@c", "the url holds credentials; put them into files and name these in auth"),
    (URL, "url: »'http://c/api/v1'", "the url ends in a part of the API; write what stands before it: http://c"),
    (URL, "url: »'http://c?x=1'", "the url has a query or fragment; write the address only; headers and tenant have keys of their own"),
    (URL, "url: »http://c:99999", "http://c:99999 is not a URL: Port out of range 0-65535; write http://HOST:PORT"),
    (URL, URL + ", interval: »15", "interval: the duration 15 has no unit; write a number with its unit, largest unit first, as in 500ms, 30s, 5m, 1h30m or 14d"),
    (URL, URL + ", interval: »1d", "nothing scrapes every 1d; write the scrape interval, 1s to 10m, or remove it: it is learnt from the samples"),
    (URL, URL + ", auth: »{}", "auth says nothing; write bearerFile, or user and passwordFile, or remove auth"),
    (URL, URL + ", auth: »{user: a}", "auth lacks passwordFile; add passwordFile, or use bearerFile"),
    (URL, URL + ", auth: »{user: a, bearerFile: b}", "auth names a bearer token and a user; keep bearerFile, or user and passwordFile"),
    (URL, URL + ", tls: »{caFile: a}", "tls is set, but the url begins with http://; write https://, or remove tls"),
    (URL, "url: https://c, tls: »{certFile: a}", "a client certificate needs both its files; give certFile and keyFile"),
    (URL, URL + ", scope: {»a-b: c}", "a-b cannot be a label; write the name of a label, as in cluster"),
    (URL, URL + ", headers: {»Authorization: c}", "the header Authorization has a key of its own; use auth: {bearerFile: ...}"),
    (URL, URL + ', headers: {»a: "b\\nc"}', "the header a cannot be sent; use printable ASCII characters, without spaces in the name"),
    ("main:", "»Main:", "Main cannot name a source; use lower-case letters, digits and -, at most 63"),
    ("bad: {code", "source: »mian, bad: {code", "the source mian is not defined; did you mean main?"),
    ("total: http_requests_total, ", "", "5:3 the check errors does not say what it looks at; add a preset, total with bad or errors, histogram with slowerThan, or query"),
    (', bad: {code: "5.."}', "", '5:3 the check errors does not say which requests are bad; add bad: {code: "5.."}, or errors with a counter of bad requests'),
    ('bad: {code: "5.."}', "bad: »{}", 'bad: there is no label pattern; write one, as in {code: "5.."}'),
    ('bad: {code: "5.."}', "bad: {code: »500}", 'code: 500 is not text; put it in quotes: "500"'),
    ('bad: {code: "5.."}', "bad: {code: »[]}", "code: the list is empty; name one at least, or remove the key"),
    ('bad: {code: "5.."}', "bad: {code: »'.*'}", "the pattern '.*' does not do: it also matches series without the label; write a regular expression of the whole value, as in \"5..\""),
    ('bad: {code: "5.."}', "bad: {code: »'[[:digit:]]+'}", "the pattern '[[:digit:]]+' does not do: it uses more of RE2 than is read alike everywhere; write it with characters, classes as in [0-9], \\d, \\w, groups, | and the repeats ? * + {2,3}"),
    ('bad: {code: "5.."}', "bad: {code: »'(5+)+'}", "the pattern '(5+)+' does not do: a group that has repeats or alternatives is itself repeated, which can take hours to match; write it without the outer repeat, as in [ab]+ for (a|b)+"),
    ('bad: {code: "5.."}', "bad: [{»a-b: x}]", "a-b cannot be a label; write the name of a label, as in code"),
    ('bad: {code: "5.."}', 'bad: {code: "5.."}, »errors: x_total', "bad and errors exclude each other; keep one of the two"),
    ("max: 1%", "»min: 1%", "min belongs to a query check, errors is a ratio check; remove it, or make two checks of it"),
    (", max: 1%", "", "5:3 the check errors has no bound; add max or increase"),
    ("max: 1%", "max: »120%", "max is a share of requests, and 1.2 is not in 0 to 1; write a share such as 1%"),
    ("max: 1%", "max: »1.5", "max is a share of requests, and 1.5 is not in 0 to 1; write 1.5% if percent are meant"),
    ("max: 1%", "max: »much", "max: much is not a bound; write a percentage as in 1%, or a number for a query check"),
    ("max: 1%", "increase: »2", "increase: 2 is not a factor; write a number with an x, as in 2x"),
    ("max: 1%", "increase: »0.5x", "increase: the factor 0.5x is below 1; write 1x or more: it allows at most that many times the old share"),
    ("max: 1%", "max: 1%, floor: »2", "floor: the ratio 2 is not below 1; write 2% if percent are meant"),
    ("max: 1%", "max: 1%, floor: »120%", "floor: the ratio 120% is not between 0% and 100%; write a share such as 1%"),
    ("max: 1%", "max: 1%, floor: »true", "floor: true is not a ratio; write a percentage as in 1% or a number as in 0.01"),
    ("max: 1%", "max: 1%, minBad: »0", "minBad is 0; write 1 or more"),
    ("max: 1%", "max: 1%, minBad: »a", "minBad must be a whole number, not the text a; write digits without quotes and fraction"),
    ("max: 1%", "max: 1%, may: »atc", "may cannot be atc; did you mean act?"),
    ("total: http_requests_total", "preset: »istoi", "there is no preset istoi; did you mean istio?"),
    ("max: 1%", "max: 1%, exclude: »{}", 'exclude: there is no label pattern; write one, as in {path: "/healthz"}'),
    ("max: 1%", "max: 1%, exclude: {»a-b: x}", "a-b cannot be a label; write the name of a label, as in code"),
    ("max: 1%", "max: 1%, only: {path: »'.*'}", "the pattern '.*' does not do: it also matches series without the label; write a regular expression of the whole value, as in \"5..\""),
    ("histogram: http_request_duration_seconds, slowerThan: 500ms", "preset: istio, slowerThan: »300ms", "300ms is no bucket bound of istio_request_duration_milliseconds as the preset istio knows it; write 250ms or 500ms, or add histogram: istio_request_duration_milliseconds where it has buckets of its own"),
    ("max: 1%", "max: 1%, identify: »{by: role, workload: a}", "by: role needs to know the label; add role: with the label's name"),
    ("max: 1%", "max: 1%, identify: {by: role, namespace: »'', workload: a, role: b}", "by: role may act by itself, and series without a namespace may be of another workload of that name; name the label with the namespace, or add map: {VALUE: WORKLOAD}"),
    ("max: 1%", "max: 1%, identify: {by: version, namespace: »'', workload: a, version: b}", "by: version may act by itself, and series without a namespace may be of another workload of that name; name the label with the namespace, or add map: {VALUE: WORKLOAD}"),
    ("max: 1%", "max: 1%, identify: »{by: service}", "by: service needs to know the label; add service: with the label's name"),
    ("max: 1%", "max: 1%, identify: {by: version, workload: a, version: b, podLabel: »team}", "pods are not kept with the label team; use one that ends in version or revision, such as app.kubernetes.io/version, or pod-template-hash"),
    ("max: 1%", "max: 1%, identify: {by: role, workload: a, role: b, canary: »'('}", "the pattern '(' does not do: illegal regex for (; write a regular expression of the whole value, as in \"5..\""),
    ("max: 1%", "max: 1%, identify: {by: workload, workload: a, »join: target_info}", "join does not belong to by: workload; remove it; keys of by: workload are by, map, namespace, strip, workload"),
    ("max: 1%", "max: 1%, identify: {by: »pdo}", "by cannot be pdo; did you mean pod?"),
    ("max: 1%", "max: 1%, identify: {»workload: a}", "workload does not belong to by: pod; remove it; keys of by: pod are by, join, namespace, pod"),
    ("max: 1%", "max: 1%, identify: »{by: workload}", "by: workload needs to know the label; add workload: with the label's name"),
    ("max: 1%", "max: 1%, identify: {pod: »a-b}", "a-b cannot be a label; write the label's name"),
    ("http_requests_total", "»'a{b=\"c\"}'", 'total takes the name of one metric, and a{b="c"} is not one; write the bare name; conditions go into bad or the source\'s scope, expressions into a query check'),
    ("_duration_seconds", "_duration_seconds_bucket", "6:24 http_request_duration_seconds_bucket is a part of a histogram; write http_request_duration_seconds"),
    ("_duration_seconds", "_duration", "6:24 the name http_request_duration does not tell its unit; add unit: seconds or unit: milliseconds"),
    ("slowerThan: 500ms, ", "", "6:3 the check latency does not say which requests are slow; add slowerThan: with a bucket bound, as in 500ms"),
    ("slowerThan: 500ms", "slowerThan: »0s", "no request is faster than 0s; write a bucket bound, as in 500ms"),
    ("slowerThan: 500ms", "slowerThan: »11y", "slowerThan: 11y is not a duration; write a number with its unit, largest unit first, as in 500ms, 30s, 5m, 1h30m or 14d"),
    ("slowerThan: 500ms", "slowerThan: »4000d", "slowerThan: the duration 4000d is longer than ten years; write a shorter one"),
    (MATCH, "»mode: act", "the entry does not say for which workloads it is; add match: ({} means all)"),
    (MATCH, "match: {namespace: »Shop}", "the glob 'Shop' can match no namespace; names in Kubernetes have lower-case letters, digits, - and .; * and ? stand for others"),
    (MATCH, "match: {kind: [Rollout, »Pod]}", "no kind that is watched matches Pod; use one of Deployment, StatefulSet, DaemonSet, Rollout"),
    (MATCH, "match: {not: {name: »a_b}}", "the glob 'a_b' can match no name; names in Kubernetes have lower-case letters, digits, - and .; * and ? stand for others"),
    (MATCH, "match: {labels: {a: »true}}", 'a must be text, not true; put it in quotes: "true"'),
    (MATCH, MATCH + "\n    bake: {for: 2h, max: »1h}", "bake.for 2h is longer than bake.max 1h; write 2h or more"),
    (MATCH, MATCH + "\n    require: [»eror]", "the check eror is not defined; did you mean errors?"),
    (MATCH, MATCH + "\n    judge: »5", "judge must be a mapping of keys to values, not the number 5; write key: value pairs, indented below it or in {}"),
    (MATCH, MATCH + "\n    judge: {earlyPass: »yes}", "earlyPass must be true or false, not the text yes (yes without quotes is a boolean to YAML 1.1); write true or false"),
    (MATCH, MATCH + "\n    mode: »none", "mode cannot be none; use one of observe, propose, act"),
    ("errors: {}, ", "errors: »maybe, ", "errors: maybe is not a check; write none to remove the check, {} to take it as it is"),
    ("errors: {}, ", "errors: {»slowerThan: 1s}, ", "slowerThan belongs to a histogram check, errors is a ratio check; remove it, or make two checks of it"),
    ("errors: {}, ", "errors: {»preset: istio}, ", "the preset of errors cannot be overridden; define a second check with the other preset"),
    ("errors: {}, ", "errors: {»errors: x_total}, ", "the check errors would have bad and errors; define a second check instead of overriding this key"),
    ("version: 1", "version: 1\nfalseRollbacks: »1 per 10", "falseRollbacks: 1 per 10 is not a rate of false rollbacks; write 1 per 1000 releases, or 1 per quarter for the whole fleet"),
    ("version: 1", "version: 1\nfalseRollbacks: »5 per 5 releases", "falseRollbacks: 5 per 5 releases would accept that every rollback is wrong; write 1 per 1000 releases, or 1 per quarter for the whole fleet"),
    ("version: 1", "version: 1\nnever: [»{}]", "an empty entry of never would stop every rollback; name what is meant; mode: observe stops all rollbacks"),
    ("version: 1", "version: 1\nnever: [{not: {name: »A}}]", "the glob 'A' can match no name; names in Kubernetes have lower-case letters, digits, - and .; * and ? stand for others"),
    ("version: 1", "version: 1\nnever: »kube", "never must be a list, not the text kube; write it as a list: - ... for each element"),
    ("version: 1", "version: 1\nrungs: {undo: »off}", "undo cannot be off (off without quotes is a boolean to YAML 1.1); use one of act, propose, observe, none"),
    ("version: 1", "version: 1\n»freeze: {}", "unknown key freeze; did you mean freezes?"),
    ("version: 1", "version: 1\ncluster: »no", 'no without quotes is a boolean to YAML 1.1; write "no" in quotes'),
    ("version: 1", "version: 1\nbreaker: {max: »0}", "max is 0; write 1 or more"),
]

FURTHER_CHECKS = [
    ("{query: »'sum(x', max: 1}", "the query of extra is not usable: unclosed left parenthesis; mend the PromQL"),
    ("{query: »'x[5m]', max: 1}", "the query of extra is not usable: it gives a range of samples; wrap it in rate(...) or max_over_time(...)"),
    ("{query: »'1 + 1', max: 1}", "the query of extra is not usable: it gives a scalar; wrap it in vector(...)"),
    ("{query: »'\"a\"', max: 1}", "the query of extra is not usable: it is text, not a vector; mend the PromQL"),
    ("{query: x}", "7:3 the check extra has no bound; add max or min"),
    ("{query: x, min: »5, max: 1}", "min 5 lies above max 1: every value would be a breach; swap them"),
    ("{query: »sum(x), max: 1}", "the query of extra drops the labels namespace and pod that identify by pod needs; keep it, as in by (namespace, pod), or choose another identify (by: pod, workload, fixed)"),
    ("{query: x, max: 1, identify: {by: »version, workload: a, version: b}}", "a query check cannot identify by version: its value stands for no version; use one of pod, workload, service, fixed"),
    ("{query: x, max: 1, identify: {»join: target_info}}", "a query check is not joined; write the join into the query, with on (job, instance) group_left (k8s_pod_name) target_info"),
    ("{query: x, max: 1, »increase: 2x}", "increase belongs to a ratio or histogram check, extra is a query check; remove it, or make two checks of it"),
    ("{}", "7:3 the check extra does not say what it looks at; add a preset, total with bad or errors, histogram with slowerThan, or query"),
    ("»5", "extra must be a mapping of keys to values, not the number 5; write key: value pairs, indented below it or in {}"),
    ("»~", "a value is missing here; write one ({} for all defaults), or remove the key"),
    ("{total: a, »query: b, errors: c, max: 1%}", "query belongs to a query check, extra is a ratio check; remove it, or make two checks of it"),
]
# fmt: on


def assert_one_problem(marked: str, expected: str) -> None:
    """The only problem stands at the mark; where nothing can be marked, `expected` begins with the position."""
    if MARK in marked:
        before = marked[: marked.index(MARK)]
        expected = f"{before.count(chr(10)) + 1}:{len(before) - (before.rfind(chr(10)) + 1) + 1} {expected}"
    assert problems(marked.replace(MARK, "")) == [expected]


def test_the_good_file_has_no_problems() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(("old", "new", "expected"), CASES)
def test_one_mistake(old: str, new: str, expected: str) -> None:
    assert_one_problem(spoilt(old, new), expected)


@pytest.mark.parametrize(("check", "expected"), FURTHER_CHECKS)
def test_one_mistake_in_a_further_check(check: str, expected: str) -> None:
    assert_one_problem(with_check(check), expected)


def test_without_sources_and_services_both_are_missed() -> None:
    assert problems("version: 1") == [
        "1:1 no services are given: nothing would be watched; add services: with a match",
        "1:1 no sources are given; add sources: {main: {url: http://prometheus.monitoring:9090}}",
    ]


def test_two_mistakes_in_one_list_are_both_told() -> None:
    assert problems(spoilt("{namespace: shop}", "{namespace: [5, {}], kind: [[a], ~]}")) == [
        '8:25 namespace must be text, not the number 5; put it in quotes: "5"',
        "8:28 namespace must be text, not a mapping; write one value",
        "8:40 kind must be text, not a list; write one value",
        "8:45 a value is missing here; write one ({} for all defaults), or remove the key",
    ]


def test_several_sources_need_a_choice() -> None:
    two = spoilt("main: {url: http://prometheus:9090}", "a: {url: http://a}\n  b: {url: http://b}")
    assert problems(two) == [
        "6:3 the check errors names no source, and there is none called main; add source: a or b",
        "7:3 the check latency names no source, and there is none called main; add source: a or b",
    ]


def test_an_override_is_held_against_what_it_overrides() -> None:
    text = with_check("{query: 'max by (namespace, pod) (x)', max: 5}").replace(
        "errors: {}, ", "extra: {identify: {by: workload, workload: app}}, errors: {max: 3}, "
    )
    assert [line.split(" ", 1)[0] for line in problems(text)] == ["10:32", "10:78"]
