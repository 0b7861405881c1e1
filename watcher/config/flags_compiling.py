"""The section `flags` as the daemon uses it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from watcher.config.flags import ADDRESSES, FlagKind, FlagProvider, FlagProviders

if TYPE_CHECKING:
    from watcher.config.models_flags import FlagProviderSpec, FlagsSpec

_PROJECT = "default"


def compiled(spec: FlagsSpec | None, directory: str) -> FlagProviders:
    """Compile what the file says; relative files count from `directory`."""
    providers = (spec.providers if spec is not None else None) or {}
    return FlagProviders(tuple(_provider(name, each, directory) for name, each in providers.items()))


def _provider(name: str, spec: FlagProviderSpec, directory: str) -> FlagProvider:
    def absolute(file: str | None) -> str:
        return str(PurePosixPath(directory, file)) if file else ""

    kind = FlagKind(spec.kind or FlagKind.WEBHOOK)
    usual = FlagProvider(name, kind)
    return FlagProvider(
        name=name,
        kind=kind,
        url=(spec.url or ADDRESSES.get(kind, "")).rstrip("/"),
        project=spec.project or _PROJECT,
        token_file=absolute(spec.token_file),
        secret_file=absolute(spec.secret_file),
        ca_file=absolute(spec.ca_file),
        propagates=usual.propagates if spec.propagates is None else float(spec.propagates),
    )
