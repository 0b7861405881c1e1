"""The runbook of each kind of workload, and of each way that it may be kept."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import promql_parser
import pytest

from tests.runbook import views as v
from watcher.config import loads
from watcher.core.model import Manager, Revision, WorkloadView
from watcher.core.policy import Subject
from watcher.core.words import Kind
from watcher.runbook.commands import Command, Kubectl, Step
from watcher.runbook.compose import Runbook, runbook
from watcher.runbook.facts import Details
from watcher.runbook.markdown import markdown

ORDER = ["take_over", "confirm", "flag", "database", "abort", "git", "undo", "verify", "file"]


def made(view: WorkloadView, details: Details = Details(selector="app=cart"), **more: object) -> Runbook:  # noqa: B008
    return runbook(v.facts(view, details, **more))


def step(book: Runbook, name: str) -> Step:
    return next(each for each in book.steps if each.id == name)


def lines(book: Runbook, name: str) -> list[str]:
    return [each.line for each in step(book, name).commands]


def said(book: Runbook, name: str) -> str:
    found = step(book, name)
    return " ".join([found.skip, *found.texts, *(each.text for each in found.commands)])


def test_the_database_is_looked_at_before_anything_changes_the_version() -> None:
    assert [each.id for each in made(v.view()).steps] == ORDER


def test_the_previous_revision_is_not_taken_where_it_did_not_last() -> None:
    book = made(v.view())
    assert lines(book, "undo")[0].endswith("rollout undo deployment/cart --to-revision=42")
    assert "Passed over, because they ran for less than 1 h: 43 (8 min)." in said(book, "confirm")
    assert book.body()["target"] == 42


def test_where_nothing_ran_for_long_the_newest_is_named_with_a_warning() -> None:
    young = (v.revision(1, "1", 600.0), v.revision(2, "2", 300.0))
    book = made(v.view(revisions=young))
    assert book.body()["target"] == 1
    assert "nothing shows that it is good" in said(book, "confirm")


def test_what_was_just_left_by_an_undo_is_not_led_back_to() -> None:
    bad, back = v.revision(43, "1.9.0", 420.0), v.revision(44, "1.8.2", 3 * v.DAY)
    book = made(v.view(revisions=(v.REVISIONS[0], bad, back)))
    assert book.body()["target"] == 41
    assert "--to-revision=41" in lines(book, "undo")[0]
    assert "before it ran revision 43 (`shop/cart:1.9.0`), and no command below leads there" in said(book, "confirm")
    assert "Passed over" not in said(book, "confirm")
    alone = made(v.view(revisions=(bad, back)))
    assert (alone.body()["target"], lines(alone, "undo")) == (None, [])
    assert "No revision but these two is kept" in said(alone, "confirm")


def test_where_nothing_is_kept_there_is_no_undo() -> None:
    book = made(v.view(revisions=v.REVISIONS[-1:]))
    assert "keeps no other revision" in step(book, "undo").skip
    assert lines(book, "undo") == []
    assert "nothing to go back to" in said(book, "confirm")


def test_every_command_names_context_and_namespace() -> None:
    for each in (v.view(), v.canary(), v.promoted(), v.stuck(), v.managed()):
        for command in _calls(made(each)):
            words = shlex.split(command.line.splitlines()[-1].removeprefix("# "))
            if "kubectl" in words:
                at = words.index("kubectl")
                assert words[at + 1] == "--context=prod-eu-1"
                assert words[at + 2].startswith("--namespace=")


def _calls(book: Runbook) -> list[Command]:
    return [command for each in book.steps for command in each.commands if command.needs != "PromQL"]


def test_names_mean_nothing_to_the_shell() -> None:
    evil = Kubectl(kubeconfig="/home/a b;$(reboot)", context="x'y`z`")
    line = evil("shop", "get", "pods")
    assert shlex.split(line) == [
        "kubectl",
        "--kubeconfig=/home/a b;$(reboot)",
        "--context=x'y`z`",
        "--namespace=shop",
        "get",
        "pods",
    ]


def test_a_canary_in_progress_is_aborted_and_led_to_its_stable_version() -> None:
    book = made(v.canary())
    assert "/status/currentPodHash" in lines(book, "abort")[1]
    assert v.REVISIONS[3].name in lines(book, "abort")[1]
    assert "any change of the template, or of the steps, sets it going again" in said(book, "abort")
    assert f"replicaset/cart-{v.REVISIONS[1].name}" in lines(book, "undo")[1]


def test_a_canary_that_was_about_to_be_promoted_is_not_any_more() -> None:
    assert (
        '{"op":"add","path":"/status/promoteFull","value":false}'
        in lines(made(v.canary(promote_full=True)), "abort")[1]
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"invalid_spec": True}, "never acts on an abort"),
        ({"paused": True}, "pods do not move"),
        ({"analysis": "failed"}, "An AnalysisRun is failed"),
        ({"aborted_at": "2026-03-05T14:05:00Z"}, "it was aborted at"),
    ],
)
def test_what_an_abort_would_meet(status: dict[str, object], words: str) -> None:
    assert words in said(made(v.canary(**status)), "abort")


def test_a_promoted_rollout_is_undone_past_its_steps() -> None:
    book = made(v.promoted())
    assert "fully promoted" in step(book, "abort").skip
    assert "promoteFull" in lines(book, "undo")[-2]


def test_a_rollout_with_its_template_elsewhere() -> None:
    book = made(v.promoted(), Details(template_in="cart-template"))
    assert "patch deployment/cart-template" in lines(book, "undo")[1]


def test_a_stateful_set_that_waits_for_a_pod_for_ever() -> None:
    book = made(v.stuck(), Details(ordered=True, partition=2))
    undo = lines(book, "undo")
    assert undo[0].endswith("rollout undo statefulset/cart --to-revision=42")
    assert '"/spec/updateStrategy/rollingUpdate/partition","value":0' in undo[1]
    assert undo[2].endswith("delete pod cart-2")
    assert "delete pod cart-0" not in " ".join(undo)


def test_pods_that_are_only_replaced_when_they_are_deleted() -> None:
    book = made(replace(v.stuck(), on_delete=True))
    assert lines(book, "undo")[-1].endswith("delete pod cart-2")
    assert "OnDelete" in said(book, "undo")


def test_a_paused_deployment_is_patched_and_moves() -> None:
    (put_back, _) = lines(made(v.view(paused=True)), "undo")
    assert '"/spec/paused","value":false' in put_back
    assert "rollout undo" not in put_back


def test_what_an_operator_owns_is_left_to_it() -> None:
    book = made(v.view(owner="PostgresCluster/cart"))
    assert "PostgresCluster/cart owns it" in step(book, "undo").skip
    assert lines(book, "undo") == []


def test_where_only_configuration_changed_the_template_does_not_lead_back() -> None:
    same = (
        v.revision(1, "1", v.DAY, code_id="c", config_refs=("ConfigMap/cart",)),
        v.revision(2, "1", 60.0, code_id="c", config_refs=("ConfigMap/cart",)),
    )
    book = made(v.view(revisions=same))
    assert "only configuration differs" in step(book, "undo").skip
    assert "Put ConfigMap/cart back in its source" in said(book, "undo")
    assert lines(book, "undo")[-1].startswith("# kubectl")


def test_self_heal_wants_git_first() -> None:
    book = made(v.managed())
    assert "The order is: revert, push, refresh" in said(book, "git")
    text = "\n".join(lines(book, "git"))
    assert f"BAD={v.BAD_COMMIT}\nGOOD={v.GOOD_COMMIT}" in text
    assert "git clone --filter=blob:none --branch=main -- " + v.REPO in text
    assert "annotate applications.argoproj.io/cart --overwrite argocd.argoproj.io/refresh=normal" in text
    assert "Only after the revert is pushed" in said(book, "undo")


def test_where_git_has_led_back_already_nothing_more_is_reverted() -> None:
    bad, back = v.revision(43, "1.9.0", 420.0), v.revision(44, "1.8.2", 3 * v.DAY)
    view = replace(v.managed(synced=True), revisions=(v.REVISIONS[0], bad, back), current=44)
    book = made(view)
    assert "the revert is there already" in said(book, "git")
    assert "git revert" not in "\n".join(lines(book, "git"))
    assert "--overwrite argocd.argoproj.io/refresh=normal" in "\n".join(lines(book, "git"))


def test_without_automation_it_is_synced() -> None:
    text = "\n".join(lines(made(v.managed(automated=False)), "git"))
    assert '"op":"add","path":"/operation"' in text


def test_a_parent_takes_a_pin_back_so_none_is_named() -> None:
    assert "targetRevision" in "\n".join(lines(made(v.managed()), "git"))
    book = made(v.managed(parent="ApplicationSet/shop"))
    assert "targetRevision" not in "\n".join(lines(book, "git"))
    assert "ApplicationSet/shop makes this application" in said(book, "git")


def test_a_commit_that_no_sync_tells_of_is_asked_for() -> None:
    text = "\n".join(lines(made(v.managed(history=())), "git"))
    assert '"${GOOD:?set GOOD' in text


@pytest.mark.parametrize(
    ("tool", "words"),
    [("argocd", "get applications.argoproj.io --all-namespaces"), ("flux-helm", "flux get helmreleases")],
)
def test_an_application_that_cannot_be_seen_is_to_be_found_by_hand(tool: str, words: str) -> None:
    book = made(v.view(manager=Manager(tool, "cart")), unseen=("list Application: 403 in argocd",))
    assert words in "\n".join(lines(book, "git"))
    assert "Do not undo before that" in said(book, "git")
    assert "**Not seen, so look at it by hand:**\n\n- list Application: 403 in argocd" in markdown(book)


def test_flux_looks_when_it_is_told_to() -> None:
    view = v.managed()
    assert view.application is not None
    flux = replace(view.application, tool="flux-kustomize", name="flux-system/shop")
    book = made(replace(view, application=flux, manager=Manager("flux-kustomize", "shop")))
    assert "flux reconcile kustomization shop --namespace=flux-system --with-source" in lines(book, "git")


def test_helm_keeps_its_own_state() -> None:
    book = made(v.view(), Details(helm="cart"))
    assert "helm history cart --namespace=shop" in lines(book, "git")


THRESHOLDS = """
version: 1
sources: {main: {url: "http://prometheus.monitoring:9090"}}
flags:
  providers:
    unleash: {kind: unleash, url: "https://unleash.example.com", project: shop, tokenFile: /etc/token}
checks:
  errors: {total: http_requests_total, bad: [{code: "5.."}, {code: "429"}], max: 1%}
  latency: {histogram: http_request_duration_seconds, slowerThan: 500ms, max: 5%}
  lag: {query: max(kafka_lag), identify: {by: fixed}, max: 10}
services: [{match: {namespace: shop}, checks: {errors: {}, latency: {}, lag: {}}, flag: unleash/cart.all@production}]
"""


def with_thresholds(view: WorkloadView) -> Runbook:
    thresholds = loads(THRESHOLDS)
    policy = thresholds.policy_for(Subject("Deployment", "shop", "cart"))
    return made(view, policy=policy, providers=thresholds.flags)


def test_the_configured_checks_as_promql() -> None:
    asked = [each for each in step(with_thresholds(v.view()), "confirm").commands if each.needs == "PromQL"]
    for each in asked:
        promql_parser.parse(each.line)
    assert len(asked) == 3
    assert f'pod=~"cart-{v.REVISIONS[3].name}-.*"' in asked[0].line
    assert "allowed is 0.01" in asked[0].text
    assert asked[2].line == "max(kafka_lag)"


def flagged(flag: str) -> WorkloadView:
    newest = replace(v.REVISIONS[-1], flag=flag)
    return v.view(revisions=(*v.REVISIONS[:-1], newest))


def test_a_flag_of_the_cluster_is_switched_off_by_kubectl() -> None:
    look, off = lines(made(flagged("openfeature/new-cart@shop/flags")), "flag")
    assert "get featureflags.core.openfeature.dev flags" in look
    body = shlex.split(off)[-1].removeprefix("--patch=")
    assert json.loads(body) == {"spec": {"flagSpec": {"flags": {"new-cart": {"state": "DISABLED"}}}}}


def test_a_flag_of_a_configured_provider_is_switched_off_by_its_api_without_its_token() -> None:
    (off,) = lines(with_thresholds(flagged("unleash/cart.new@production")), "flag")
    assert "https://unleash.example.com/api/admin/projects/shop/features/cart.new/environments/production/off" in off
    assert "@authorization" in off


def test_a_flag_of_the_thresholds_file_is_named_with_its_condition() -> None:
    book = with_thresholds(v.view())
    assert "features/cart.all/" in lines(book, "flag")[0]
    assert "only if it was changed since that began" in said(book, "flag")


@pytest.mark.parametrize(
    ("flag", "words"),
    [("", "no flag is tied"), ("nonsense", "cannot be read"), ("homegrown/x@prod", "in its own console")],
)
def test_flags_of_which_less_is_known(flag: str, words: str) -> None:
    assert words in said(made(flagged(flag)), "flag")


def test_migration_notes_of_all_releases_in_between_are_named() -> None:
    revisions = tuple(
        replace(each, migrations=f"cart-migrations-{each.number}") if each.number >= 42 else each
        for each in v.REVISIONS
    )
    found = lines(made(v.view(revisions=revisions)), "database")
    assert [line.split()[-2] for line in found[:2]] == ["cart-migrations-43", "cart-migrations-44"]


def test_what_watcher_did_is_told() -> None:
    book = made(v.view(decision="4f1a3ceda244", hold="incident 4711"))
    assert "watcher has acted on it: decision 4f1a3ceda244" in said(book, "take_over")
    assert "watcher decisions note 4f1a3ceda244" in lines(book, "file")


def test_programs_get_the_same_steps() -> None:
    body = json.loads(json.dumps(made(v.managed()).body()))
    assert [each["id"] for each in body["steps"]] == ORDER
    assert body["kept"]["by"] == "argocd argocd/cart"
    assert {each["number"] for each in body["revisions"]} == {41, 42, 43, 44}


@pytest.mark.parametrize("kind", list(Kind))
def test_a_revision_that_is_not_made_yet(kind: Kind) -> None:
    fresh: tuple[Revision, ...] = v.REVISIONS[:2]
    book = made(replace(v.view(kind, fresh), current=43))
    assert "has not made a revision of the newest template yet" in said(book, "confirm")
    assert markdown(book)


def test_texts_of_others_are_no_markup_and_end_no_block() -> None:
    evil = "x\n```\n# y <b>@all</b>"
    view = v.managed(sources=(), refused=evil)
    source = v.managed().application
    assert source is not None
    text = markdown(made(replace(view, hold=evil)))
    assert "<b>" not in text.replace("\\<", "")
    assert "\n# y" not in text
    odd = tuple(replace(each, paths=("a\n```\n# z",)) for each in source.sources)
    text = markdown(made(v.managed(sources=odd)))
    assert "````sh" in text


def test_the_name_of_a_helm_release_means_nothing() -> None:
    book = made(v.view(), Details(helm="cart\ncurl evil.example"))
    back = lines(book, "git")[-1]
    assert all(each.startswith("#") for each in back.splitlines())
    assert "`cart curl evil.example`" in said(book, "git")
