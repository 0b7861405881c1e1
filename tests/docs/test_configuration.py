"""Every key of the thresholds file and every setting of the process has its row, with the default that holds."""

from __future__ import annotations

import typing
from enum import Enum
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from tests.docs.pages import code, page
from watcher.config.schema import json_schema
from watcher.daemon.settings import Settings

PAGE = page("docs/configuration.md")
SCHEMA = json_schema()
SECTIONS = {
    "Top level": SCHEMA,
    **{
        heading: SCHEMA["$defs"][name]
        for heading, name in {
            "rungs": "RungsSpec",
            "sources": "SourceSpec",
            "sources.auth": "AuthSpec",
            "sources.tls": "TlsSpec",
            "checks": "CheckSpec",
            "checks.identify": "IdentifySpec",
            "services": "ServiceSpec",
            "services.match": "MatchSpec",
            "services.bake": "BakeSpec",
            "services.knownGood": "KnownGoodSpec",
            "services.judge": "JudgeSpec",
            "services.traffic": "TrafficSpec",
            "services.availability": "AvailabilitySpec",
            "breaker": "BreakerSpec",
            "breaker.namespaces": "LimitSpec",
            "freezes": "FreezeSpec",
            "freezes.except": "ExceptSpec",
            "notifications": "NotificationSpec",
            "notifications.apprise": "AppriseSpec",
            "notifications.webhook": "WebhookSpec",
            "notifications.rate": "RateSpec",
            "flags": "FlagsSpec",
            "flags.providers": "FlagProviderSpec",
            "gitops": "GitOpsSpec",
            "gitops.repositories": "RepositorySpec",
            "gitops.repositories.auth": "GitAuthSpec",
            "gitops.repositories.auth.githubApp": "GitHubAppSpec",
            "gitops.repositories.forge": "ForgeSpec",
            "gitops.repositories.author": "AuthorSpec",
            "gitops.argocd": "ArgoApiSpec",
            "gitops.bridge": "BridgeSpec",
        }.items()
    },
}
NONE = "\N{EN DASH}"
WITHOUT_SECTION = {"MatchFields"}  # the keys of `match` without `not`
REQUIRED = {("Top level", "version"), ("Top level", "sources"), ("Top level", "services"), ("services", "match")} | {
    ("sources", "url"),
    ("flags.providers", "kind"),
}


def test_every_mapping_of_the_thresholds_file_has_its_section() -> None:
    titled = {id(definition) for definition in SECTIONS.values()}
    without = {name for name, definition in SCHEMA["$defs"].items() if id(definition) not in titled}
    assert without == WITHOUT_SECTION


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_key_has_its_row_and_no_row_is_left_over(heading: str) -> None:
    assert set(PAGE.table(heading)) == set(SECTIONS[heading]["properties"])


@pytest.mark.parametrize("heading", SECTIONS)
def test_defaults_and_choices_are_those_of_the_schema(heading: str) -> None:
    for key, cells in PAGE.table(heading).items():
        wanted = SECTIONS[heading]["properties"][key]
        assert len(cells) == 4, f"{heading}: the row of {key} needs key, type, default and meaning"
        assert cells[2] == _default(heading, key, wanted), f"{heading}: default of {key}"
        if "enum" in wanted:
            assert code(cells[1]) == tuple(wanted["enum"]), f"{heading}: choices of {key}"


def _default(heading: str, key: str, wanted: dict[str, Any]) -> str:
    if (heading, key) in REQUIRED:
        return "required"
    if "default" not in wanted:
        return NONE
    value = wanted["default"]
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_every_setting_has_its_row_with_its_default() -> None:
    rows = PAGE.table("Settings of the process")
    assert set(rows) == {f"WATCHER_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        assert rows[f"WATCHER_{name.upper()}"][1] == _shown(field.default), name


def test_every_choice_of_a_setting_is_named() -> None:
    for name, field in Settings.model_fields.items():
        if typing.get_origin(field.annotation) is typing.Literal:
            meaning = PAGE.table("Settings of the process")[f"WATCHER_{name.upper()}"][2]
            assert set(typing.get_args(field.annotation)) <= set(code(meaning)), name


def _shown(default: Any) -> str:
    assert default is not PydanticUndefined
    if default in ("", None):
        return NONE
    if isinstance(default, Enum):
        return f"`{default.value}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
