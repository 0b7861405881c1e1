"""The post-incident note over HTTP."""

from __future__ import annotations

from tests.incident.demo import written
from tests.web.conftest import Served
from watcher.cli.answers import FileAnswers


async def test_a_note_as_json_markdown_and_picture(served: Served) -> None:
    commit, decision = written()
    served.outside.store.commit(commit)
    made = await served.get(f"/api/v1/decisions/{decision[:6]}/note")
    assert made == FileAnswers(served.outside.store).note(decision)
    assert f"]({made['name']}.svg)" in made["markdown"]
    assert await served.text(f"/api/v1/decisions/{decision}/note.svg") == made["picture"]
    async with served.http.get(f"/api/v1/decisions/{decision}/note.md") as answer:
        assert answer.content_type == "text/markdown"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "](note.svg)" in await answer.text()


async def test_a_decision_without_records_has_no_picture(served: Served) -> None:
    commit, decision = written()
    served.outside.store.commit(type(commit)(decisions=commit.decisions))
    assert "there is no picture" in await served.text(f"/api/v1/decisions/{decision}/note.md")
    assert "to draw" in (await served.error(f"/api/v1/decisions/{decision}/note.svg", 404))["message"]


async def test_no_decision_no_note(served: Served) -> None:
    for path in ("note", "note.md", "note.svg"):
        await served.error(f"/api/v1/decisions/nothing/{path}", 404)
