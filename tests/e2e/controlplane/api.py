"""A small client of the API server for tests: raw JSON in and out, one user each."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

Json = dict[str, Any]
PATCHES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class ApiError(Exception):
    """The API server refused; ``status`` is the HTTP status."""

    def __init__(self, response: httpx.Response) -> None:
        request = response.request
        super().__init__(f"{request.method} {request.url.path}: {response.status_code} {response.text[:2000]}")
        self.status = response.status_code


class Api:
    """The API server as one user sees it."""

    def __init__(self, url: str, token: str, ca: Path) -> None:
        self._client = httpx.Client(
            base_url=url,
            verify=ssl.create_default_context(cafile=str(ca)),
            headers={"Authorization": f"Bearer {token}", "User-Agent": "tests"},
            timeout=30.0,
            trust_env=False,
        )
        self._resources: dict[str, dict[str, Json]] = {}

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def request(self, method: str, path: str, *, body: object = None, kind: str = "", **params: str) -> Any:
        """One request; returns the decoded answer. ``kind`` is a patch type of PATCHES. Raises ApiError."""
        headers = {"Content-Type": PATCHES[kind]} if kind else {}
        response = self._client.request(method, path, json=body, headers=headers, params=params or None)
        if response.is_error:
            raise ApiError(response)
        return response.json() if "json" in response.headers.get("content-type", "") else response.text

    def ready(self) -> bool:
        """Whether the API server says that it is ready."""
        try:
            return bool(self.request("GET", "/readyz") == "ok")
        except (httpx.TransportError, ApiError):
            return False

    def path(
        self, kind: str, namespace: str | None = None, name: str | None = None, *, version: str = "apps/v1"
    ) -> str:
        """The path of an object, or of the collection without ``name``; ``version`` as in ``apiVersion``."""
        base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        plural = self._resource(base, kind)["name"]
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{base}{within}/{plural}" + (f"/{name}" if name else "")

    def path_of(self, manifest: Mapping[str, Any]) -> str:
        """The path of the object that a manifest describes."""
        meta = manifest["metadata"]
        return self.path(manifest["kind"], meta.get("namespace"), meta["name"], version=manifest["apiVersion"])

    def get(self, path: str) -> Json:
        """One object, or a list. Raises ApiError."""
        answer: Json = self.request("GET", path)
        return answer

    def exists(self, path: str) -> bool:
        """Whether there is such an object."""
        try:
            self.get(path)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True

    def items(self, path: str, **params: str) -> list[Json]:
        """The objects of a collection. Raises ApiError."""
        found: list[Json] = self.request("GET", path, **params)["items"]
        return found

    def watch(self, path: str, since: str, seconds: int) -> Iterator[Json]:
        """The events of a collection after a resource version, as they come, for so long. Raises ApiError."""
        asked = {"watch": "true", "resourceVersion": since, "timeoutSeconds": str(seconds)}
        with self._client.stream("GET", path, params=asked) as response:
            if response.is_error:
                response.read()
                raise ApiError(response)
            for line in response.iter_lines():
                yield json.loads(line)

    def apply(self, manifest: Mapping[str, Any], *, manager: str = "tests", force: bool = True) -> Json:
        """Server-side apply. Raises ApiError (409 when another manager owns a field and not ``force``)."""
        forced = "true" if force else "false"
        path = self.path_of(manifest)
        answer: Json = self.request("PATCH", path, body=manifest, kind="apply", fieldManager=manager, force=forced)
        return answer

    def apply_all(self, documents: Iterable[Mapping[str, Any] | None]) -> None:
        """Apply each document, as a manifest file has them."""
        for document in documents:
            if document:
                self.apply(document)

    def apply_file(self, file: Path) -> None:
        """Apply each document of a YAML file."""
        self.apply_all(yaml.safe_load_all(file.read_text()))

    def patch(self, path: str, body: object, kind: str = "merge") -> Json:
        """Patch an object; ``kind`` is one of PATCHES. Raises ApiError."""
        answer: Json = self.request("PATCH", path, body=body, kind=kind)
        return answer

    def delete(self, path: str) -> None:
        """Delete an object in the background. Raises ApiError."""
        self.request("DELETE", path, propagationPolicy="Background")

    def _resource(self, base: str, kind: str) -> Json:
        if kind not in self._resources.get(base, {}):
            listed = self.get(base)["resources"]
            self._resources[base] = {each["kind"]: each for each in listed if "/" not in each["name"]}
        return self._resources[base][kind]
