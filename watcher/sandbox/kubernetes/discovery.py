"""What kubectl asks before anything else: versions, groups, resources, and a minimal OpenAPI document.

The OpenAPI document has no schemas. It only says that PATCH takes `fieldValidation`, from which `kubectl apply`
concludes that validation is the server's business.
"""

from __future__ import annotations

from watcher.sandbox.kubernetes.kinds import KINDS, Kind
from watcher.sandbox.kubernetes.objects import Json

VERSION: Json = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.1+sandbox",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "sandbox",
}

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


def core_versions() -> Json:
    """`/api`."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def groups() -> Json:
    """`/apis`."""
    names = sorted({(kind.group, kind.version) for kind in KINDS if kind.group})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*name) for name in names]}


def group(name: str) -> Json | None:
    """`/apis/<group>`, None for a group that is not served."""
    for kind in KINDS:
        if kind.group and kind.group == name:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(kind.group, kind.version)}
    return None


def _group(name: str, version: str) -> Json:
    entry = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [entry], "preferredVersion": entry}


def resources(group_name: str, version: str) -> Json | None:
    """`/api/v1` or `/apis/<group>/<version>`, None when not served."""
    kinds = [kind for kind in KINDS if (kind.group, kind.version) == (group_name, version)]
    if not kinds:
        return None
    listed = [entry for kind in kinds for entry in _entries(kind)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": kinds[0].api_version,
        "resources": listed,
    }


def _entries(kind: Kind) -> list[Json]:
    entry: Json = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": ["create"] if kind.virtual else _VERBS,
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.all_category:
        entry["categories"] = ["all"]
    entries = [entry]
    sub = {"singularName": "", "namespaced": kind.namespaced, "verbs": ["get", "patch", "update"]}
    if kind.status:
        entries.append({"name": f"{kind.plural}/status", **sub, "kind": kind.kind})
    if kind.scale:
        scale = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        entries.append({"name": f"{kind.plural}/scale", **sub, **scale})
    return entries


def openapi_index() -> Json:
    """`/openapi/v3`."""
    paths = sorted({_openapi_path(kind) for kind in KINDS})
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}


def openapi(path: str) -> Json | None:
    """`/openapi/v3/<path>`, None when there is no such document."""
    kinds = [kind for kind in KINDS if _openapi_path(kind) == path]
    if not kinds:
        return None
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes sandbox", "version": VERSION["gitVersion"]},
        "paths": {_object_path(kind): {"patch": _patch_operation(kind)} for kind in kinds},
    }


def _openapi_path(kind: Kind) -> str:
    return f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"


def _object_path(kind: Kind) -> str:
    namespace = "/namespaces/{namespace}" if kind.namespaced else ""
    return f"/{_openapi_path(kind)}{namespace}/{kind.plural}/{{name}}"


def _patch_operation(kind: Kind) -> Json:
    return {
        "operationId": f"patch{kind.kind}",
        "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
    }
