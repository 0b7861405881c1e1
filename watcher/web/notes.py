"""The post-incident note over HTTP: for programs as JSON, for people as Markdown and picture."""

from __future__ import annotations

from aiohttp import web

from watcher.incident.note import Note, note
from watcher.web import asked
from watcher.web.errors import decision_id, failure

AS_IT_IS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
"""Nothing in it is to be run or loaded, whatever it says."""

routes = web.RouteTableDef()


@routes.get("/api/v1/decisions/{id}/note")
async def as_json(request: web.Request) -> web.Response:
    """Both together."""
    return web.json_response((await _note(request)).body())


@routes.get("/api/v1/decisions/{id}/note.md")
async def as_markdown(request: web.Request) -> web.Response:
    """The note; its picture is `note.svg`."""
    found = await _note(request, "note.svg")
    return web.Response(text=found.markdown, content_type="text/markdown", charset="utf-8", headers=AS_IT_IS)


@routes.get("/api/v1/decisions/{id}/note.svg")
async def as_picture(request: web.Request) -> web.Response:
    """The picture."""
    found = await _note(request)
    if not found.picture:
        return failure(404, f"the log holds nothing of decision {found.decision} to draw", "read note.md instead")
    return web.Response(text=found.picture, content_type="image/svg+xml", charset="utf-8", headers=AS_IT_IS)


async def _note(request: web.Request, picture: str = "") -> Note:
    prefix = decision_id(request)
    return await request.app[asked.LOG].read(lambda log: note(log, prefix, picture))
