"""Rules across the keys of `flags`, and for the flags that services name."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from watcher.config.defaults import NO_FLAG
from watcher.config.flags import ADDRESSES, FlagKind
from watcher.config.problems import choose
from watcher.config.rules_git_urls import report_url
from watcher.config.rules_notifications import is_loopback
from watcher.config.rules_sources import NAME, NAME_REMEDY
from watcher.core.flags import Flag

if TYPE_CHECKING:
    from watcher.config.document import Document, Path
    from watcher.config.models import ThresholdsSpec
    from watcher.config.models_flags import FlagProviderSpec

_API = ("url", "tokenFile", "caFile")
_KEYS: dict[str, tuple[str, ...]] = {
    FlagKind.OPENFEATURE: (),
    FlagKind.UNLEASH: (*_API, "project"),
    FlagKind.LAUNCHDARKLY: (*_API, "project"),
    FlagKind.GROWTHBOOK: _API,
    FlagKind.WEBHOOK: ("url", "secretFile", "caFile"),
}
"""What each kind is configured by."""

_APART = ("url", "project", "tokenFile", "secretFile", "caFile")
_LONGEST = 1800
"""Seconds: whoever suffers longer is better helped by the next way back."""


def report_flags(document: Document, spec: ThresholdsSpec) -> None:
    """Report what is wrong with providers, and with the flags of services."""
    providers = (spec.flags.providers if spec.flags is not None else None) or {}
    for name, provider in providers.items():
        _report_provider(document, ("flags", "providers", name), provider)
    for index, service in enumerate(spec.services or ()):
        if service.flag is not None and service.flag != NO_FLAG:
            _report_flag(document, ("services", index, "flag"), service.flag, list(providers))


def _report_provider(document: Document, path: Path, provider: FlagProviderSpec) -> None:
    if not NAME.match(str(path[-1])):
        document.report(path, f"{path[-1]} cannot name a provider", NAME_REMEDY, at_key=True)
    if provider.kind is None:
        if not document.has((*path, "kind")):
            remedy = f"add kind: {', '.join(FlagKind)}"
            document.report(path, f"the provider {path[-1]} does not say what it is", remedy, at_key=True)
        return
    _report_keys(document, path, provider.kind)
    if provider.url is not None:
        _report_address(document, (*path, "url"), provider.url)
    if provider.ca_file is not None and urlsplit(provider.url or "https:").scheme != "https":
        document.report((*path, "caFile"), "caFile is for https:// only", "remove it", at_key=True)
    if provider.propagates is not None and not 1 <= provider.propagates <= _LONGEST:
        what = f"a change would reach the services after {provider.propagates}"
        document.report((*path, "propagates"), what, "write 1s to 30m")


def _report_keys(document: Document, path: Path, kind: str) -> None:
    """Keys that are missing, and those of another kind."""
    for key in _APART:
        if key not in _KEYS[kind] and document.has((*path, key)):
            document.report((*path, key), f"{key} is of no use for kind: {kind}", "remove it", at_key=True)
    optional = {"caFile", *(("url",) if kind in ADDRESSES else ()), *(("project",) if kind == FlagKind.UNLEASH else ())}
    missing = [key for key in _KEYS[kind] if key not in optional and not document.has((*path, key))]
    if missing:
        what = f"the provider {path[-1]} lacks {' and '.join(missing)}"
        document.report(path, what, f"add {' and '.join(missing)}", at_key=True)


def _report_address(document: Document, path: Path, url: str) -> None:
    """An address that a token, or a signed request to switch, is sent to."""
    parts = report_url(document, path, url, ("http", "https"), "write https://HOST/PATH")
    if parts is None:
        return
    if parts.query or parts.fragment:
        document.report(path, "the address has a query or fragment", "write the address only")
    elif parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        document.report(path, "what is sent there would not be encrypted", "write https://")


def _report_flag(document: Document, path: Path, text: str, providers: list[str]) -> None:
    try:
        flag = Flag.parse(text)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        document.report(path, what, remedy)
        return
    if flag.provider not in providers and not document.flagged(("flags",)):
        what = f"the provider {flag.provider} is not defined"
        remedy = choose(flag.provider, providers) if providers else "define it under flags: providers:"
        document.report(path, what, remedy)
