"""Switch the feature flag off that covers the release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote as urlquote

from watcher.config.flags import ADDRESSES, FlagKind, FlagProvider
from watcher.core.flags import Flag
from watcher.incident.escaping import code, plain
from watcher.runbook.commands import Command, Step, line
from watcher.runbook.facts import Facts

ANNOTATION = "watcher.dev/flag"
CONFIGURED = "`flag` of the thresholds file: it covers the release only if it was changed since that began"


def flag_off(facts: Facts) -> Step:
    """Seconds, and no deployment: where a flag covers the change, it comes first."""
    title = "Switch the feature flag off"
    newest = facts.view.newest()
    annotated = newest.flag if newest is not None else ""
    written = annotated or (facts.policy.flag if facts.policy is not None else "")
    if not written:
        return Step(
            "flag", title, skip=f"the pod template has no annotation {ANNOTATION}: no flag is tied to this release"
        )
    try:
        flag = Flag.parse(written)
    except ValueError as error:
        return Step("flag", title, (f"The annotation {ANNOTATION} cannot be read: {plain(error)}. Ask who wrote it.",))
    provider = facts.providers.named(flag.provider) if facts.providers is not None else None
    texts = [
        (
            f"The release is tied to the flag {code(flag.key)} of {flag.provider} in {code(flag.environment)} "
            f"({ANNOTATION if annotated else CONFIGURED}). "
            "Look at its state first; switched off, give it a minute to reach the pods, then verify before you go on. "
            "It does not help against pods that do not start."
        )
    ]
    return Step("flag", title, tuple(texts), tuple(_commands(flag, provider, facts)))


def _commands(flag: Flag, provider: FlagProvider | None, facts: Facts) -> Iterator[Command]:
    kind = provider.kind if provider is not None else _guessed(flag.provider)
    if kind is FlagKind.OPENFEATURE:
        yield from _openfeature(flag, facts)
    elif kind is None or provider is None or kind is FlagKind.WEBHOOK:
        yield Command(
            "Nothing more is known of this provider: switch it off in its own console",
            f"# {flag.provider}: {flag.key} in {flag.environment}",
            reads=True,
        )
    else:
        yield _http(flag, kind, provider)


def _guessed(name: str) -> FlagKind | None:
    return FlagKind(name) if name in set(FlagKind) else None


def _openfeature(flag: Flag, facts: Facts) -> Iterator[Command]:
    """`environment` is namespace/name of the FeatureFlag object, or the namespace with the only one that has it."""
    namespace, _, name = flag.environment.partition("/")
    kind = "featureflags.core.openfeature.dev"
    change = {"spec": {"flagSpec": {"flags": {flag.key: {"state": "DISABLED"}}}}}
    if not name:
        yield Command("Which object defines it", facts.kubectl(namespace, "get", kind, "--output=yaml"), reads=True)
        listed = facts.kubectl(namespace, "get", kind, "--output=name")
        switch = facts.kubectl(namespace, "patch", "--type=merge", f"--patch={json.dumps(change)}")
        yield Command("Switch it off, where there is one object only", f'{switch} "$({listed})"')
        return
    state = f"jsonpath={{.spec.flagSpec.flags.{flag.key.replace('.', chr(92) + '.')}.state}}"
    yield Command("Its state", facts.kubectl(namespace, "get", kind, name, f"--output={state}"), reads=True)
    off = facts.kubectl(namespace, "patch", kind, name, "--type=merge", f"--patch={json.dumps(change)}")
    yield Command("Switch it off", off)


def _http(flag: Flag, kind: FlagKind, provider: FlagProvider) -> Command:
    url, project = (provider.url or ADDRESSES.get(kind, "")).rstrip("/"), _part(provider.project)
    key, environment = _part(flag.key), _part(flag.environment)
    curl = ["curl", "--fail", "--silent", "--show-error", "--header", "@authorization"]
    if kind is FlagKind.UNLEASH:
        path = f"{url}/api/admin/projects/{project}/features/{key}/environments/{environment}/off"
        call = line(*curl, "--request", "POST", path)
    elif kind is FlagKind.LAUNCHDARKLY:
        body: object = {"environmentKey": flag.environment, "instructions": [{"kind": "turnFlagOff"}]}
        header = "Content-Type: application/json; domain-model=launchdarkly.semanticpatch"
        path = f"{url}/api/v2/flags/{project}/{key}"
        call = line(*curl, "--request", "PATCH", "--header", header, "--data", json.dumps(body), path)
    else:
        body = {"environments": {flag.environment: False}, "reason": "incident"}
        path = f"{url}/api/v2/features/{key}/toggle"
        call = line(*curl, "--header", "Content-Type: application/json", "--data", json.dumps(body), path)
    text = f"Switch it off ({kind}); the file `authorization` holds the header's line, `Authorization: ...`"
    return Command(text, call, needs="curl")


def _part(text: str) -> str:
    return urlquote(text, safe="")
