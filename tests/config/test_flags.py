"""Feature flags in the thresholds file: mistakes with their place, and what holds."""

# ruff: noqa: E501 - one case a line, however long its message
from __future__ import annotations

import pytest

from tests.config.texts import GOOD, deployment, problems, thresholds
from watcher.config import explain, loads
from watcher.config.flags import FlagKind, FlagProvider, FlagProviders
from watcher.config.schema import json_schema

MARK = "»"
UNLEASH = "url: https://u.test, tokenFile: t"

# fmt: off
PROVIDERS = [
    ("»p: {}", "the provider p does not say what it is; add kind: openfeature, unleash, launchdarkly, growthbook, webhook"),
    ("p: {kind: »openfeatur}", "kind cannot be openfeatur; did you mean openfeature?"),
    ("»P: {kind: openfeature}", "P cannot name a provider; use lower-case letters, digits and -, at most 63"),
    ("p: {kind: openfeature, »url: https://x.test}", "url is of no use for kind: openfeature; remove it"),
    ("p: {kind: growthbook, tokenFile: t, »project: x}", "project is of no use for kind: growthbook; remove it"),
    ("p: {kind: webhook, url: https://x.test, secretFile: s, »tokenFile: t}", "tokenFile is of no use for kind: webhook; remove it"),
    ("p: {kind: unleash, " + UNLEASH + ", »secretFile: s}", "secretFile is of no use for kind: unleash; remove it"),
    ("»p: {kind: unleash}", "the provider p lacks url and tokenFile; add url and tokenFile"),
    ("»p: {kind: launchdarkly}", "the provider p lacks tokenFile and project; add tokenFile and project"),
    ("»p: {kind: growthbook}", "the provider p lacks tokenFile; add tokenFile"),
    ("»p: {kind: webhook}", "the provider p lacks url and secretFile; add url and secretFile"),
    ("p: {kind: unleash, »token: t, " + UNLEASH + "}", "unknown key token in flags.providers.p; did you mean tokenFile?"),
    ("p: {kind: unleash, tokenFile: t, url: »'http://u.test'}", "what is sent there would not be encrypted; write https://"),
    ("p: {kind: unleash, tokenFile: t, url: »'https://a:b@u.test'}", "the address holds credentials; put them into files and name these"),
    ("p: {kind: unleash, tokenFile: t, url: »'https://u.test?x=1'}", "the address has a query or fragment; write the address only"),
    ("p: {kind: unleash, tokenFile: t, url: »u.test}", "nothing can be reached by this address; write https://HOST/PATH"),
    ("p: {kind: unleash, tokenFile: t, url: 'http://localhost:4242', »caFile: c}", "caFile is for https:// only; remove it"),
    ("p: {kind: openfeature, propagates: »0s}", "a change would reach the services after 0s; write 1s to 30m"),
    ("p: {kind: openfeature, propagates: »1h}", "a change would reach the services after 1h; write 1s to 30m"),
    ("p: {kind: openfeature, propagates: »30}", "propagates: the duration 30 has no unit; write a number with its unit, largest unit first, as in 500ms, 30s, 5m, 1h30m or 14d"),
]
SERVICES = [
    ("flag: »x", "'x' names no flag; write provider/key@environment, as openfeature/shop.cart@prod"),
    ("flag: »unleesh/new-cart@prod", "the provider unleesh is not defined; did you mean unleash?"),
    ("flag: »5", 'flag must be text, not the number 5; put it in quotes: "5"'),
]
# fmt: on


def with_providers(*entries: str) -> str:
    return GOOD + "flags:\n  providers:\n" + "".join(f"    {each}\n" for each in entries)


def assert_one_problem(marked: str, message: str) -> None:
    before = marked[: marked.index(MARK)]
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    assert problems(marked.replace(MARK, "")) == [f"{place} {message}"]


@pytest.mark.parametrize(("entry", "message"), PROVIDERS)
def test_a_mistake_in_a_provider_has_its_place_and_remedy(entry: str, message: str) -> None:
    assert_one_problem(with_providers(entry), message)


@pytest.mark.parametrize(("entry", "message"), SERVICES)
def test_a_mistake_in_the_flag_of_a_service_has_its_place_and_remedy(entry: str, message: str) -> None:
    text = with_providers("unleash: {kind: unleash, " + UNLEASH + "}")
    assert_one_problem(text.replace("    checks: {errors: {}", f"    {entry}\n    checks: {{errors: {{}}"), message)


def test_without_providers_no_service_has_a_flag() -> None:
    text = GOOD.replace("    checks: {errors: {}", "    flag: »unleash/a@prod\n    checks: {errors: {}")
    assert_one_problem(text, "the provider unleash is not defined; define it under flags: providers:")


@pytest.mark.parametrize(
    "entry",
    [
        "openfeature: {kind: openfeature}",
        "u: {kind: unleash, url: 'http://127.0.0.1:4242/unleash', tokenFile: t}",
        "l: {kind: launchdarkly, project: shop, tokenFile: t, url: https://app.eu.launchdarkly.com}",
        "g: {kind: growthbook, tokenFile: t, caFile: c}",
        "w: {kind: webhook, url: https://x.test/flags, secretFile: s, propagates: 5m}",
    ],
)
def test_what_is_usual_is_no_mistake(entry: str) -> None:
    assert problems(with_providers(entry)) == []


def flags(text: str) -> FlagProviders:
    return loads(text, "/etc/watcher/thresholds.yaml").flags


def test_what_holds_where_nothing_is_written() -> None:
    assert flags(GOOD) == flags(f"{GOOD}flags: {{}}\n") == FlagProviders()
    (found,) = flags(with_providers("g: {kind: growthbook, tokenFile: t}")).providers
    assert found == FlagProvider(
        "g", FlagKind.GROWTHBOOK, "https://api.growthbook.io", "default", token_file="/etc/watcher/t", propagates=60.0
    )


def test_what_is_written_holds() -> None:
    found = flags(
        with_providers(
            "l: {kind: launchdarkly, url: 'https://l.test/', project: shop, tokenFile: l, caFile: ca, propagates: 10s}",
            "w: {kind: webhook, url: https://w.test, secretFile: s}",
        )
    )
    assert found.named("l") == FlagProvider(
        "l",
        FlagKind.LAUNCHDARKLY,
        "https://l.test",
        "shop",
        token_file="/etc/watcher/l",
        ca_file="/etc/watcher/ca",
        propagates=10.0,
    )
    webhook = found.named("w")
    assert webhook is not None
    assert (webhook.url, webhook.secret_file) == ("https://w.test", "/etc/watcher/s")
    assert found.named("x") is None
    assert (found.of_kind(FlagKind.WEBHOOK), found.of_kind(FlagKind.OPENFEATURE)) == (True, False)


def test_the_flag_of_a_service_is_part_of_its_policy_and_explained() -> None:
    entries = (
        "  - match: {}\n    checks: {errors: {}}\n    flag: o/new-cart@shop\n  - match: {name: cart}\n    flag: none\n"
    )
    found = thresholds(entries, "flags: {providers: {o: {kind: openfeature}}}\n")
    checkout, cart = found.policy_for(deployment(name="checkout")), found.policy_for(deployment(name="cart"))
    assert checkout is not None
    assert cart is not None
    assert (checkout.flag, cart.flag) == ("o/new-cart@shop", "")
    rows = {row.key: row for row in explain(found, deployment(name="checkout")).rows}
    assert rows["flag"].value == "o/new-cart@shop"
    assert rows["flag"].origin.endswith(":11")
    rows = {row.key: row for row in explain(loads(GOOD), deployment()).rows}
    assert (rows["flag"].value, rows["flag"].origin) == ("none", "default")


def test_the_schema_knows_of_it() -> None:
    kinds = json_schema()["$defs"]["FlagProviderSpec"]["properties"]["kind"]["enum"]
    assert kinds == list(FlagKind)
