"""The small parsers and printers of the API server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.sandbox.kubernetes import ages, paths
from watcher.sandbox.kubernetes.authorization import AccessRule, Attributes, allowed, denial
from watcher.sandbox.kubernetes.errors import ApiError
from watcher.sandbox.kubernetes.objects import Json
from watcher.sandbox.kubernetes.ownership import decode, encode, fields_of
from watcher.sandbox.kubernetes.selectors import label_text, parse_labels, selects

KEYS = st.text(alphabet="ab", min_size=1, max_size=2)
LABELS = st.dictionaries(KEYS, KEYS, max_size=3)
EXPRESSIONS = st.lists(
    st.one_of(
        st.builds(
            lambda key, operator, values: {"key": key, "operator": operator, "values": values},
            KEYS,
            st.sampled_from(["In", "NotIn"]),
            st.lists(KEYS, min_size=1, max_size=2),
        ),
        st.builds(
            lambda key, operator: {"key": key, "operator": operator}, KEYS, st.sampled_from(["Exists", "DoesNotExist"])
        ),
    ),
    max_size=2,
)


@given(LABELS, EXPRESSIONS, LABELS)
def test_a_selector_as_text_selects_the_same(wanted: dict[str, str], parts: list[Json], labels: dict[str, str]) -> None:
    selector = {"matchLabels": wanted, "matchExpressions": parts}
    assert parse_labels(label_text(selector))(labels) == selects(selector, labels)


@pytest.mark.parametrize("text", ["a in b", "a=b=c", "!", "a notin ()x"])
def test_an_unreadable_selector_is_a_400(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_labels(text)
    assert caught.value.code == 400


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/pods", ("Pod", "", "", "")),
        ("/api/v1/namespaces", ("Namespace", "", "", "")),
        ("/api/v1/namespaces/shop", ("Namespace", "", "shop", "")),
        ("/api/v1/namespaces/shop/pods/a", ("Pod", "shop", "a", "")),
        ("/apis/apps/v1/namespaces/shop/deployments/a/scale", ("Deployment", "shop", "a", "scale")),
        ("/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/a/status", ("Rollout", "shop", "a", "status")),
        ("/api/v1/namespaces/shop/status", ("Namespace", "", "shop", "status")),
    ],
)
def test_paths(path: str, expected: tuple[str, str, str, str]) -> None:
    found = paths.parse(path)
    assert found is not None
    assert (found.kind.kind, found.namespace, found.name, found.subresource) == expected


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/api/v1", "/api/v2/pods", "/apis/apps/v1/pods", "/api/v1/pods/a", "/api/v1/namespaces/shop/nodes/a"),
        *("/apis/apps/v1/namespaces/shop/deployments/a/log", "/api/v1/namespaces/shop/configmaps/a/status"),
        "/api/v1/namespaces/shop/pods/a/status/more",
    ],
)
def test_paths_that_name_nothing(path: str) -> None:
    assert paths.parse(path) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (185, "3m5s"), (600, "10m"), (10_799, "179m")),
        *((10_800, "3h"), (4 * 3600 + 60, "4h1m"), (30 * 3600, "30h"), (50 * 3600, "2d2h"), (9 * 86400, "9d")),
    ],
)
def test_ages(seconds: int, text: str) -> None:
    assert ages.human(seconds) == text


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers() | st.lists(st.integers()), max_size=3), max_size=3))
def test_owned_fields_survive_their_encoding(data: Json) -> None:
    paths_owned = set(fields_of({"metadata": {"name": "a"}, **data}))
    assert decode(encode(paths_owned)) == paths_owned


def test_items_of_keyed_lists_are_owned_by_their_key() -> None:
    fields = fields_of({"spec": {"containers": [{"name": "app", "image": "1"}], "command": ["a", "b"]}})
    item = ("f:spec", "f:containers", 'k:{"name":"app"}')
    assert set(fields) == {(*item, "."), (*item, "f:name"), (*item, "f:image"), ("f:spec", "f:command")}


def test_a_rule_allows_what_it_names_and_nothing_else() -> None:
    rules = [AccessRule(("get", "patch"), ("argoproj.io",), ("rollouts/status",), ("shop",))]
    wanted = Attributes("patch", "argoproj.io", "rollouts", "status", "shop", "cart")
    assert allowed(rules, wanted)
    refused = Attributes("patch", "argoproj.io", "rollouts", "", "shop", "cart")
    assert not allowed(rules, refused)
    assert denial(refused) == (
        'User "sandbox" cannot patch resource "rollouts" in API group "argoproj.io" in the namespace "shop"'
    )
