"""Channels of the thresholds file: mistakes with their place, and what holds."""

# ruff: noqa: E501 - one case a line, however long its message
from __future__ import annotations

import typing

import pytest

from tests.config.texts import GOOD, deployment, problems
from watcher.config import loads
from watcher.config.channels import Apprise, Channel, Webhook
from watcher.config.models import StageName
from watcher.core.stages import TOLD
from watcher.core.words import Stage

MARK = "»"
HOOK = "webhook: {url: https://e.test/x, secretFile: s}"

# fmt: off
CASES = [
    ("»Ops: {apprise: {urlsFile: u}}", "Ops cannot name a channel; use lower-case letters, digits and -, at most 63"),
    ("»ops: {}", "the channel ops does not say how to tell; add apprise: {urlsFile: FILE}, or webhook: {...}"),
    ("»ops: {apprise: {urlsFile: u}, " + HOOK + "}", "the channel ops names two ways to tell; make a channel of each"),
    ("ops: {apprise: »{}}", "apprise lacks urlsFile; name a file with one apprise URL a line"),
    ("ops: {apprise: {»urls: u}}", "unknown key urls in notifications.ops.apprise; did you mean urlsFile?"),
    ("ops: {webhook: »{url: https://e.test}}", "the webhook lacks secretFile; name a file with a secret that receivers know too"),
    ("ops: {webhook: »{secretFile: s}}", "the webhook needs one address; write url, or urlFile where it holds a token"),
    ("ops: {webhook: »{url: https://e.test, urlFile: u, secretFile: s}}", "the webhook needs one address; write url, or urlFile where it holds a token"),
    ("ops: {webhook: {url: »http://e.test, secretFile: s}}", "the url is not encrypted; write https://, or plainHttp: true if the network is to be trusted"),
    ("ops: {webhook: {url: »https://u:p@e.test, secretFile: s}}", "the url holds credentials or a fragment; a token belongs into the path or query of an urlFile"),
    ("ops: {webhook: {url: »'https://e.test?token=1', secretFile: s}}", "the url has a query; a token belongs into a file: use urlFile"),
    ("ops: {webhook: {url: »e.test, secretFile: s}}", "the url is not an HTTP address; write https://HOST/PATH"),
    ("ops: {webhook: {url: »'https://e.test:x', secretFile: s}}", "the url is none; write https://HOST/PATH"),
    ("ops: {" + HOOK + ", stages: »[]}", "the list is empty; name a stage, or remove the key: most are told then"),
    ("ops: {" + HOOK + ", stages: [»failde]}", "stages cannot be failde; did you mean failed?"),
    ("ops: {" + HOOK + ", match: {namespace: a}, stages: [held, »source_blind]}", "source_blind is about no workload, and match asks for some; remove it here, and make a channel for it without match"),
    ("ops: {" + HOOK + ", match: {namespace: [»A_b]}}", "the glob 'A_b' can match no namespace; names in Kubernetes have lower-case letters, digits, - and .; * and ? stand for others"),
    ("ops: {" + HOOK + ", expire: »10s}", "expire is 10s; write 1m or more"),
    ("ops: {" + HOOK + ", rate: {window: »0s}}", "the window has no length; write a duration such as 10m"),
    ("ops: {" + HOOK + ", rate: {max: »0}}", "max is 0; write 1 or more"),
    ("ops: {" + HOOK + ", link: »ops}", "the link is not an HTTP address; write https://HOST/PATH"),
]
# fmt: on


def with_channels(*channels: str) -> str:
    return GOOD + "notifications:\n" + "".join(f"  {each}\n" for each in channels)


@pytest.mark.parametrize(("marked", "message"), CASES)
def test_a_mistake_has_its_place_and_remedy(marked: str, message: str) -> None:
    text = with_channels(marked)
    before = text[: text.index(MARK)]
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    assert problems(text.replace(MARK, "")) == [f"{place} {message}"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "http://localhost/x", "'http://[::1]:9'"])
def test_plain_http_is_for_this_machine_or_by_intent(url: str) -> None:
    assert problems(with_channels(f"a: {{webhook: {{url: {url}, secretFile: s}}}}")) == []
    meant = "a: {webhook: {url: http://e.test, plainHttp: true, secretFile: s}}"
    assert problems(with_channels(meant)) == []


def channel(text: str) -> Channel:
    (found,) = loads(with_channels(f"ops: {text}"), "/etc/watcher/thresholds.yaml").channels.values()
    return found


def test_what_holds_where_nothing_is_written() -> None:
    people = channel("{apprise: {urlsFile: notify/ops}}")
    assert people.by == Apprise("/etc/watcher/notify/ops")
    assert (people.most, people.window, people.expire, people.link) == (20, 600.0, 21600.0, "")
    assert set(Stage) - people.stages == {Stage.RUNG_DONE, Stage.PASSED}
    program = channel("{webhook: {url: https://e.test/x, secretFile: /s, caFile: ca}}")
    assert program.by == Webhook("https://e.test/x", "", "/s", "/etc/watcher/ca", plain_http=False)
    assert program.most == 1000


def test_what_is_written_holds() -> None:
    found = channel("{" + HOOK + ", stages: [passed], rate: {max: 3, window: 1m}, expire: 1h, link: 'https://w.test/'}")
    assert (found.most, found.window, found.expire, found.link) == (3, 60.0, 3600.0, "https://w.test")
    assert found.stages == {Stage.PASSED}


def test_a_channel_of_some_workloads_is_told_of_nothing_else() -> None:
    found = channel("{" + HOOK + ", match: {namespace: 'shop-*', labels: {team: a}}}")
    assert found.wants(Stage.HELD, deployment("shop-core", team="a"))
    assert not found.wants(Stage.HELD, deployment("shop-core"))
    assert not found.wants(Stage.HELD, deployment("pay", team="a"))
    assert not found.wants(Stage.SOURCE_BLIND, None)
    everything = channel("{" + HOOK + "}")
    assert everything.wants(Stage.SOURCE_BLIND, None)
    assert not everything.wants(Stage.PASSED, deployment())


def test_the_names_of_stages_are_those_of_the_core() -> None:
    assert set(typing.get_args(StageName)) == {each.value for each in Stage} == {each.value for each in TOLD}
    reasons = [each.reason for each in TOLD.values()]
    assert len(set(reasons)) == len(reasons)
