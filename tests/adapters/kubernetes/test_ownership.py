from __future__ import annotations

from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.adapters.kubernetes.ownership import NobodyElse, applied_by_server, hand_over, merged
from watcher.adapters.kubernetes.residue import describe, residue

Json = dict[str, Any]
IMAGE: Json = {"f:containers": {'k:{"name":"app"}': {"f:image": {}}}}
OURS_ELSEWHERE: Json = {"f:metadata": {"f:annotations": {"f:watcher.dev/decision": {}}}}


def entry(manager: str, fields: Json, operation: str = "Update", **more: Any) -> Json:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, "time": "2026-11-23T10:00:00Z", **more}


def template(fields: Json) -> Json:
    return {"f:spec": {"f:template": {"f:spec": fields}}}


OURS = entry("watcher", {**OURS_ELSEWHERE, **template(IMAGE)})
NAME = template({"f:containers": {'k:{"name":"app"}': {".": {}, "f:name": {}}}})


def handed_back(entries: list[Json]) -> list[Json] | None:
    """The entries after the patch; None where there is none."""
    operations = hand_over(entries)
    patched = jsonpatch.apply_patch({"metadata": {"managedFields": entries}}, operations)
    back: list[Json] = patched["metadata"]["managedFields"]
    return back if operations else None


def test_the_applier_gets_our_fields_of_the_spec_and_no_others() -> None:
    helm, status = entry("helm", NAME, "Apply"), entry("controller", {"f:status": {}}, subresource="status")
    back = handed_back([helm, status, OURS])
    assert back is not None
    assert [each["manager"] for each in back] == ["helm", "controller", "watcher"]
    container = back[0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"app"}']
    assert container == {".": {}, "f:name": {}, "f:image": {}}
    assert back[2]["fieldsV1"] == OURS_ELSEWHERE
    assert handed_back(back) is None


def test_a_server_side_applier_comes_before_whoever_owns_more() -> None:
    edit = entry("kubectl-edit", template({"f:a": {}, "f:b": {}, "f:c": {}}))
    entries = [edit, entry("helm", NAME, "Apply"), OURS]
    back = handed_back(entries)
    assert back is not None
    assert back[0] == edit
    assert "f:image" in str(back[1]["fieldsV1"])
    assert applied_by_server(entries)


def test_without_one_it_is_whoever_owns_most() -> None:
    few, most = entry("kubectl-rollout", template({"f:x": {}})), entry("kubectl-client-side-apply", NAME)
    back = handed_back([few, most, OURS])
    assert back is not None
    assert (back[0], "f:image" in str(back[1]["fieldsV1"])) == (few, True)
    assert not applied_by_server([few, most, OURS])


def test_an_entry_of_ours_that_is_empty_then_goes() -> None:
    back = handed_back([entry("helm", NAME, "Apply"), entry("watcher", template(IMAGE))])
    assert back is not None
    assert [each["manager"] for each in back] == ["helm"]


def test_with_nobody_else_there_is_nobody_to_hand_it_to() -> None:
    with pytest.raises(NobodyElse):
        handed_back([entry("hpa", {"f:spec": {"f:replicas": {}}}), OURS])
    assert not applied_by_server([OURS])


def test_what_others_do_meanwhile_is_no_matter() -> None:
    helm, early = entry("helm", NAME, "Apply"), entry("controller", {"f:status": {}}, subresource="status")
    entries = [helm, OURS, early]
    later = [helm, OURS, {**early, "time": "2026-11-23T10:00:05Z"}]
    patched = jsonpatch.apply_patch({"metadata": {"managedFields": later}}, hand_over(entries))
    assert patched["metadata"]["managedFields"][2] == later[2]
    assert "f:image" in str(patched["metadata"]["managedFields"][0])


@pytest.mark.parametrize("changed", [0, 1])
def test_it_does_not_hold_where_what_it_changes_has_changed(changed: int) -> None:
    entries = [entry("helm", NAME, "Apply"), OURS]
    later = [
        {**each, "time": "2026-11-23T10:00:05Z"} if place == changed else each for place, each in enumerate(entries)
    ]
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        jsonpatch.apply_patch({"metadata": {"managedFields": later}}, hand_over(entries))


def test_several_entries_of_ours_that_are_empty_then_all_go() -> None:
    entries = [
        entry("watcher", template(IMAGE), "Apply"),
        entry("helm", NAME, "Apply"),
        entry("watcher", template(NAME)),
    ]
    back = handed_back(entries)
    assert back is not None
    assert [each["manager"] for each in back] == ["helm"]


def test_our_status_is_no_matter() -> None:
    assert handed_back([entry("watcher", {"f:spec": {}}, subresource="status")]) is None


FIELDS: st.SearchStrategy[Json] = st.recursive(
    st.just({}), lambda inner: st.dictionaries(st.sampled_from(["f:a", "f:b", "."]), inner, max_size=3), max_leaves=8
)


def leaves(fields: Json, place: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    return {place}.union(*(leaves(value, (*place, key)) for key, value in fields.items()))


@given(FIELDS, FIELDS)
def test_a_union_has_all_fields_of_both_and_no_more(one: Json, other: Json) -> None:
    assert leaves(merged(one, other)) == leaves(one) | leaves(other)


def test_residue_is_what_came_back() -> None:
    bad = {"spec": {"containers": [{"name": "app", "image": "2", "env": [{"name": "A", "value": "1"}]}]}}
    good = {
        "metadata": {"annotations": {"a": "b"}},
        "spec": {
            "containers": [
                {"name": "app", "image": "1", "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "1"}]},
                {"name": "sidecar", "image": "1"},
            ]
        },
    }
    assert residue(bad, good) == ("metadata", "spec.containers.app.env.B", "spec.containers.sidecar")
    assert residue(good, bad) == ()


def test_residue_is_told_in_one_sentence() -> None:
    assert describe(()) == ""
    assert describe(("a", "b")).endswith("a, b")
    assert describe(tuple("abcdefg")).endswith("a, b, c, d, e and 2 more")
