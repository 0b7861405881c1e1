"""Errors of the HTTP API: one JSON shape, {"error": {"code", "message", "remedy"}}."""

from __future__ import annotations

from aiohttp import web

LONGEST_ID = 64


class BadRequest(Exception):
    """The request makes no sense; the message says why."""


def failure(status: int, message: str, remedy: str, **more: object) -> web.Response:
    """One error; `more` is what programs may want beside the text."""
    body = {"error": {"code": status, "message": message, "remedy": remedy, **more}}
    return web.json_response(body, status=status)


def decision_id(request: web.Request) -> str:
    """The id of a decision, or the beginning of it, that the path names.  Raises BadRequest."""
    prefix = request.match_info["id"]
    if len(prefix) > LONGEST_ID:
        raise BadRequest(f"an id of {len(prefix)} characters is none of ours, which have {LONGEST_ID} at the most")
    return prefix
