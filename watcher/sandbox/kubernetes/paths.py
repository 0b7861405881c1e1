"""Which object or collection a URL path names."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.sandbox.kubernetes.authorization import Attributes
from watcher.sandbox.kubernetes.kinds import Kind, by_path

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True)
class ResourcePath:
    """A collection (no name), an object, or a subresource of one."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    def attributes(self, method: str, *, watch: bool) -> Attributes:
        """The request as authorization sees it."""
        if method in _VERBS:
            verb = _VERBS[method]
        elif method == "DELETE":
            verb = "delete" if self.name else "deletecollection"
        elif self.name:
            verb = "get"
        else:
            verb = "watch" if watch else "list"
        kind = self.kind
        return Attributes(verb, kind.group, kind.plural, self.subresource, self.namespace, self.name)


def parse(path: str) -> ResourcePath | None:
    """The resource under `/api/v1/...` or `/apis/<group>/<version>/...`, None when nothing is served there."""
    match path.strip("/").split("/"):
        case ["api", version, *rest] if rest:
            group = ""
        case ["apis", group, version, *rest] if rest:
            pass
        case _:
            return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and by_path(group, version, rest[2]) is not None:
        namespace, rest = rest[1], rest[2:]
    kind = by_path(group, version, rest[0])
    if kind is None or len(rest) > 3 or (kind.namespaced != bool(namespace) and (namespace or len(rest) > 1)):
        return None
    parts = [*rest[1:], "", ""]
    resource = ResourcePath(kind, namespace, parts[0], parts[1])
    return resource if _served(resource) else None


def _served(path: ResourcePath) -> bool:
    offered = {"": True, "status": path.kind.status, "scale": path.kind.scale, "log": path.kind.log}
    return offered.get(path.subresource, False) and not (path.kind.virtual and path.name)
