"""What the API server does with a write: admission, preconditions, generation, field ownership, deletion.

HTTP and the simulated controllers both write through this one class; it is synchronous, so every write is
atomic with regard to the event loop.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from watcher.sandbox.clock import Clock, timestamp
from watcher.sandbox.kubernetes import errors, ownership
from watcher.sandbox.kubernetes.defaults import apply_defaults
from watcher.sandbox.kubernetes.kinds import NAMESPACE, POD, Kind
from watcher.sandbox.kubernetes.objects import Json, canonical, duplicate, is_terminating, name_of, namespace_of
from watcher.sandbox.kubernetes.validation import validate, validate_metadata

if TYPE_CHECKING:
    from watcher.sandbox.kubernetes.ownership import Writer
    from watcher.sandbox.kubernetes.store import Store

SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of generated names: no vowels, so that no words arise."""

_SERVER_METADATA = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")


class Registry:
    """Creates, changes and deletes objects of the store as the API server would.

    `chance` is the source of generated names and UIDs: a seeded one makes a run repeatable.
    """

    def __init__(self, store: Store, clock: Clock, chance: random.Random) -> None:
        self.store = store
        self._clock = clock
        self._chance = chance

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        """The stored object: do not change it. Raises 404."""
        found = self.store.get(kind, namespace, name)
        if found is None:
            raise errors.not_found(kind, name)
        return found

    def suffix(self, length: int = 5) -> str:
        """Random letters for a generated name."""
        return "".join(self._chance.choices(SUFFIX_ALPHABET, k=length))

    def create(self, kind: Kind, namespace: str, body: Mapping[str, Any], writer: Writer) -> Json:
        """Stores a new object and answers it. Raises 400, 403, 404, 409 or 422."""
        obj = without_nulls(duplicate(body))
        _check_type(kind, obj)
        metadata: Json = obj.setdefault("metadata", {})
        if metadata.get("resourceVersion"):
            raise errors.bad_request("resourceVersion should not be set on objects to be created")
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = f"{metadata['generateName']}{self.suffix()}"
        validate_metadata(kind, obj)
        _settle_namespace(kind, obj, namespace)
        self._admit_into_namespace(kind, obj)
        if self.store.get(kind, namespace_of(obj), name_of(obj)) is not None:
            raise errors.already_exists(kind, name_of(obj))
        if kind.status:
            obj.pop("status", None)
        validate(kind, obj, None)
        apply_defaults(kind, obj)
        self._stamp(kind, obj)
        ownership.record({}, obj, writer, timestamp(self._clock.now()))
        _initial_status(kind, obj)
        return self.store.insert(kind, obj)

    def _admit_into_namespace(self, kind: Kind, obj: Json) -> None:
        if not kind.namespaced:
            return
        namespace = self.get(NAMESPACE, "", namespace_of(obj))
        if is_terminating(namespace):
            why = f"unable to create new content in namespace {namespace_of(obj)} because it is being terminated"
            raise errors.forbidden(kind, name_of(obj), why)

    def _stamp(self, kind: Kind, obj: Json) -> None:
        metadata: Json = obj["metadata"]
        for part in _SERVER_METADATA:
            metadata.pop(part, None)
        metadata["uid"] = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        metadata["creationTimestamp"] = timestamp(self._clock.now())
        if kind.generation_from:
            metadata["generation"] = 1

    def modify(self, kind: Kind, namespace: str, name: str, change: Callable[[Json], Json], writer: Writer) -> Json:
        """Replaces an object by what `change` makes of a copy of it. Raises 400, 404, 409 or 422.

        `writer.subresource` is "" or "status". A `metadata.resourceVersion` or `uid` that the change sets is a
        precondition (409). A change that changes nothing leaves the resource version alone.
        """
        live = self.get(kind, namespace, name)
        candidate = without_nulls(change(duplicate(live)))
        _check_type(kind, candidate)
        validate_metadata(kind, candidate)
        _check_identity(kind, live, candidate)
        candidate = _only_writable(kind, live, candidate, writer.subresource)
        validate(kind, candidate, live)
        apply_defaults(kind, candidate)
        if not writer.subresource:
            _count_generation(kind, live, candidate)
        if not ownership.valid_entries(candidate["metadata"].get("managedFields", [])):
            raise errors.invalid(kind, name, "metadata.managedFields", "Invalid value: must be a list of entries")
        if _same(live, candidate):
            return live
        ownership.record(live, candidate, writer, timestamp(self._clock.now()))
        last_finalizer_gone = is_terminating(candidate) and not candidate["metadata"].get("finalizers")
        if last_finalizer_gone and not kind.graceful and kind is not NAMESPACE:
            return self.store.remove(kind, candidate)
        return self.store.replace(kind, candidate, live)

    def delete(self, kind: Kind, namespace: str, name: str, options: Mapping[str, Any] | None = None) -> Json:
        """Deletes, or begins to (pods, namespaces, finalizers); answers the last state. Raises 404, 409.

        `options` are DeleteOptions: `preconditions`, `gracePeriodSeconds` and `propagationPolicy` count.
        """
        options = options or {}
        live = self.get(kind, namespace, name)
        self._check_preconditions(kind, live, options.get("preconditions") or {})
        if options.get("propagationPolicy") == "Orphan":
            self._orphan_dependents(live)
        grace = options.get("gracePeriodSeconds", _grace(kind, live))
        waits = live["metadata"].get("finalizers") or (kind is NAMESPACE) or (kind.graceful and grace > 0)
        if not waits:
            return self.store.remove(kind, live)
        if is_terminating(live):
            return live
        ending = duplicate(live)
        end = self._clock.now() + timedelta(seconds=grace if kind.graceful else 0)  # of the grace period
        ending["metadata"]["deletionTimestamp"] = timestamp(end)
        ending["metadata"]["deletionGracePeriodSeconds"] = grace
        if kind is NAMESPACE:
            ending["status"] = {"phase": "Terminating"}
        return self.store.replace(kind, ending, live)

    def finish(self, kind: Kind, obj: Json) -> None:
        """Takes out an object whose deletion had begun: what the kubelet and the namespace controller do."""
        self.store.remove(kind, self.get(kind, namespace_of(obj), name_of(obj)))

    def _check_preconditions(self, kind: Kind, live: Json, wanted: Mapping[str, Any]) -> None:
        for part, label in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
            if part in wanted and wanted[part] != live["metadata"][part]:
                why = (
                    f"Precondition failed: {label} in precondition: {wanted[part]}, "
                    f"{label} in object meta: {live['metadata'][part]}"
                )
                raise errors.conflict(kind, name_of(live), why)

    def _orphan_dependents(self, owner: Json) -> None:
        for kind, dependent in self.dependents(owner):
            freed = duplicate(dependent)
            freed["metadata"]["ownerReferences"] = [
                reference
                for reference in dependent["metadata"]["ownerReferences"]
                if reference["uid"] != owner["metadata"]["uid"]
            ]
            self.store.replace(kind, freed, dependent)

    def dependents(self, owner: Json) -> list[tuple[Kind, Json]]:
        """The objects whose owner references name `owner`'s UID."""
        uid = owner["metadata"]["uid"]
        return [
            (kind, obj)
            for kind, obj in self.store.everything(namespace_of(owner))
            if any(part.get("uid") == uid for part in obj["metadata"].get("ownerReferences") or ())
        ]


def _initial_status(kind: Kind, obj: Json) -> None:
    initial = {NAMESPACE.plural: {"phase": "Active"}, POD.plural: {"phase": "Pending", "qosClass": "BestEffort"}}
    if kind.status and not kind.custom:
        obj["status"] = initial.get(kind.plural, {})


def _check_type(kind: Kind, obj: Json) -> None:
    obj.setdefault("apiVersion", kind.api_version)
    obj.setdefault("kind", kind.kind)
    if (obj["apiVersion"], obj["kind"]) != (kind.api_version, kind.kind):
        raise errors.bad_request(
            f"the object provided is {obj['apiVersion']} {obj['kind']}, the path is for {kind.api_version} {kind.kind}"
        )


def _settle_namespace(kind: Kind, obj: Json, namespace: str) -> None:
    metadata: Json = obj["metadata"]
    if not kind.namespaced:
        metadata.pop("namespace", None)
    elif metadata.setdefault("namespace", namespace) != namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def _check_identity(kind: Kind, live: Json, candidate: Json) -> None:
    sent, there, name = candidate["metadata"], live["metadata"], name_of(live)
    if sent.get("name") != name or sent.get("namespace", namespace_of(live)) != namespace_of(live):
        raise errors.bad_request(
            f"the name of the object ({sent.get('namespace', '')}/{sent.get('name')}) does not match the name on "
            f"the URL ({namespace_of(live)}/{name})"
        )
    if sent.get("uid", there["uid"]) != there["uid"]:
        why = f"Precondition failed: UID in precondition: {sent['uid']}, UID in object meta: {there['uid']}"
        raise errors.conflict(kind, name, why)
    if sent.get("resourceVersion", there["resourceVersion"]) != there["resourceVersion"]:
        raise errors.conflict(kind, name)


def _only_writable(kind: Kind, live: Json, candidate: Json, subresource: str) -> Json:
    """What the request may change: the status and nothing else, or everything but the status.

    A status write of a custom resource drops all metadata; that of a built-in kind keeps annotations.
    """
    metadata: Json = candidate["metadata"]
    if subresource == "status":
        wanted = {**live, "status": candidate.get("status", {})}
        if not kind.custom:
            wanted["metadata"] = {**metadata, "labels": live["metadata"].get("labels")}
            metadata = wanted["metadata"]
    else:
        wanted = {**candidate, "status": live.get("status")} if kind.status else dict(candidate)
    wanted["metadata"] = {
        **(live["metadata"] if subresource and kind.custom else metadata),
        **{part: live["metadata"].get(part) for part in (*_SERVER_METADATA, "resourceVersion", "namespace")},
    }
    writable: Json = without_nulls(wanted)
    return writable


def _count_generation(kind: Kind, live: Json, candidate: Json) -> None:
    def part_of(obj: Json, part: str) -> str:
        return canonical(obj["metadata"].get(part) if part == "annotations" else obj.get(part))

    if any(part_of(live, part) != part_of(candidate, part) for part in kind.generation_from):
        candidate["metadata"]["generation"] = live["metadata"]["generation"] + 1


def _same(live: Json, candidate: Json) -> bool:
    return canonical(live) == canonical(candidate)


def _grace(kind: Kind, live: Json) -> int:
    if kind is not POD or not live["spec"].get("nodeName"):
        return 0
    return int(live["spec"].get("terminationGracePeriodSeconds", 30))


def without_nulls(value: Any) -> Any:
    """The value without null members of objects, which typed servers read as absent."""
    if isinstance(value, dict):
        return {key: without_nulls(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [without_nulls(part) for part in value]
    return value
