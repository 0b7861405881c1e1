"""Errors of the API, answered as a Status object with the words of the real API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watcher.sandbox.kubernetes.kinds import Kind
    from watcher.sandbox.kubernetes.objects import Json


class ApiError(Exception):
    """A request that fails: HTTP code, machine-readable reason, message, details."""

    def __init__(self, code: int, reason: str, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> Json:
        """The Status object that is the response's body."""
        body: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details is not None:
            body["details"] = self.details
        return {**body, "code": self.code}


def _details(kind: Kind, name: str) -> Json:
    return {key: value for key, value in (("name", name), ("group", kind.group), ("kind", kind.plural)) if value}


def not_found(kind: Kind, name: str) -> ApiError:
    """404: no such object."""
    return ApiError(404, "NotFound", f'{kind.resource} "{name}" not found', _details(kind, name))


def no_such_resource() -> ApiError:
    """404: the path names nothing that is served."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(kind: Kind, name: str) -> ApiError:
    """409: creating what is there."""
    return ApiError(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', _details(kind, name))


def conflict(kind: Kind, name: str, why: str = "") -> ApiError:
    """409: the object is not the one the request was made for."""
    because = why or ("the object has been modified; please apply your changes to the latest version and try again")
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {because}'
    return ApiError(409, "Conflict", message, _details(kind, name))


def invalid(kind: Kind, name: str, field: str, problem: str, cause: str = "FieldValueInvalid") -> ApiError:
    """422: a field's value is not acceptable."""
    details = _details(kind, name)
    details["kind"] = kind.kind
    details["causes"] = [{"reason": cause, "message": problem, "field": field}]
    title = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    return ApiError(422, "Invalid", f'{title} "{name}" is invalid: {field}: {problem}', details)


def patch_rejected() -> ApiError:
    """422: an operation of a JSON patch failed, e.g. its `test`; details are empty, as the real server's."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def expired(message: str) -> ApiError:
    """410: the asked-for resource version is no longer in the history."""
    return ApiError(410, "Expired", message)


def watch_expired(revision: int, oldest: int) -> ApiError:
    """410 inside a watch stream, where the reason is `Expired` and the message names both versions."""
    return expired(f"too old resource version: {revision} ({oldest})")


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: no bearer token, or another one."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(kind: Kind, name: str, why: str) -> ApiError:
    """403: not allowed, with the reason."""
    subject = f'{kind.resource} "{name}"' if name else kind.resource
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", _details(kind, name))


def method_not_allowed() -> ApiError:
    """405: the resource has no such verb."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def not_acceptable(accepted: str) -> ApiError:
    """406: none of the media types the client accepts is served."""
    message = f"only the following media types are accepted: {accepted}"
    return ApiError(406, "NotAcceptable", message)


def too_large(limit: int) -> ApiError:
    """413: the body exceeds the limit (bytes)."""
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def unsupported_media_type(message: str) -> ApiError:
    """415: the body's media type is not one the resource takes."""
    return ApiError(415, "UnsupportedMediaType", message)


def version_from_the_future(asked: int, current: int) -> ApiError:
    """504: a list at a resource version that does not exist yet."""
    details: Json = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    return ApiError(504, "Timeout", f"Too large resource version: {asked}, current: {current}", details)
