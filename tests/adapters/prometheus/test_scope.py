from __future__ import annotations

import pytest

from watcher.adapters.prometheus.scope import scoped, spliced
from watcher.adapters.prometheus.selectors import count_by_bound, one_of, quoted, selector
from watcher.ports import Rejected

SCOPE = (("cluster", 'eu "1"'),)
IN = 'cluster="eu \\"1\\""'


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("up", "up{%}"),
        ("up{}", "up{%}"),
        ('up{a="}"}[45001ms]', 'up{%,a="}"}[45001ms]'),
        ('{__name__=~"up|x"}', '{%,__name__=~"up|x"}'),
        ("sum by (pod, job) (rate(a[5m] offset 1m)) / on (x) group_left () b > bool 3",
         "sum by (pod, job) (rate(a{%}[5m] offset 1m)) / on (x) group_left () b{%} > bool 3"),
        ("sum(a) without (x) # a comment with b\n/ inf", "sum(a{%}) without (x) # a comment with b\n/ inf"),
        ('label_replace(up, "a", "$1 {", "b", "(.*)")', 'label_replace(up{%}, "a", "$1 {", "b", "(.*)")'),
        ("absent(x) or time() - y @ end()", "absent(x{%}) or time() - y{%} @ end()"),
        ("max_over_time(rate(z[1m])[1h:5m])", "max_over_time(rate(z{%}[1m])[1h:5m])"),
        ("1e3 * job:rate5m", "1e3 * job:rate5m{%}"),
        ("vector(1)", "vector(1)"),
    ],
)  # fmt: skip
def test_the_scope_is_added_to_each_selector(query: str, expected: str) -> None:
    assert scoped(query, SCOPE) == expected.replace("%", IN)
    assert spliced(query, SCOPE) == expected.replace("%", IN)


def test_without_a_scope_nothing_is_changed() -> None:
    assert scoped("nonsense (", ()) == "nonsense ("
    assert spliced("up", ()) == "up"


def test_a_query_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(Rejected, match="the source's `scope` cannot be added to query 'sum\\('"):
        scoped("sum(", SCOPE)


def test_a_selector_without_a_place_for_the_scope_is_refused() -> None:
    with pytest.raises(Rejected, match="has no place for it"):
        scoped('a{x="1" or y="2"}', SCOPE)


def test_selectors_name_literals_whatever_they_hold() -> None:
    assert quoted('a"b\\c\n') == '"a\\"b\\\\c\\n"'
    assert one_of("pod", ["a.b", "c"]) == 'pod=~"a\\\\.b|c"'
    assert selector("m", one_of("le", ["+Inf"]), 'a="b"') == 'm{le=~"\\\\+Inf",a="b"}'
    assert count_by_bound(selector("", 'a="b"')) == 'count by (le) ({a="b"})'
