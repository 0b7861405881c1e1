"""The part of a thresholds file that concerns one workload, without addresses, credentials and other workloads."""

from __future__ import annotations

from typing import Any

from watcher.config import Thresholds, loads
from watcher.config.rules_checks import source_of
from watcher.core.policy import Policy, Subject
from watcher.ports import Rejected
from watcher.recorder.writing import as_yaml

ADDRESS = "http://recorded.invalid"
"""Stands for the address of every source: a replay asks nobody."""

_KEPT = ("version", "mode", "rungs", "falseRollbacks")
_OF_SOURCE = ("interval", "replicas", "delivery")


def excerpt(thresholds: Thresholds, subject: Subject, policy: Policy) -> str:
    """A thresholds file that gives this workload the same policy.  Raises Rejected where that is not so."""
    data: dict[str, Any] = thresholds.document.data
    entries = [data["services"][index] for index in thresholds.entries_for(subject)]
    meant = {"namespace": subject.namespace, "name": subject.name, "kind": str(subject.kind)}
    checks = {name: check for name, check in (data.get("checks") or {}).items() if _is_named(name, entries)}
    kept = {key: data[key] for key in _KEPT if key in data}
    kept["sources"] = _sources(data, [*checks.values(), *_overrides(entries)])
    kept |= {"checks": checks} if checks else {}
    kept["services"] = [{**each, "match": meant} for each in entries]
    kept |= {"breaker": data["breaker"]} if "breaker" in data else {}
    _, index = thresholds.protection(subject)
    kept |= {"never": [meant]} if index is not None else {}
    text = as_yaml(kept)
    if loads(text).policy_for(subject) != policy:
        raise Rejected("what the thresholds file says of this workload cannot be told apart from the rest; report it")
    return text


def _is_named(name: str, entries: list[dict[str, Any]]) -> bool:
    return any(name in (each.get("checks") or {}) for each in entries)


def _overrides(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [check for each in entries for check in (each.get("checks") or {}).values()]
    return [check for check in found if isinstance(check, dict)]


def _sources(data: dict[str, Any], checks: list[dict[str, Any]]) -> dict[str, Any]:
    """Those that these checks ask, by whatever layer; the first one where there is no check."""
    known: dict[str, Any] = data["sources"]
    wanted = {source_of(check.get("source"), list(known)) for check in checks} & known.keys() or {next(iter(known))}
    return {
        name: {"url": ADDRESS, **{key: source[key] for key in _OF_SOURCE if key in source}}
        for name, source in known.items()
        if name in wanted
    }
