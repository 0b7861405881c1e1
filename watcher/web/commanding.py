"""What people command over HTTP: a rollback of what runs now; and what they say of a revision."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import AfterValidator, Field, StringConstraints

from watcher.core import model
from watcher.core.deciding.guards import GUARDS
from watcher.core.state import GuardFinding
from watcher.daemon.persons import HTTP, CommandRefused, NoSuchWorkload
from watcher.web.errors import BadRequest, failure
from watcher.web.tokens import Scope
from watcher.web.writing import PERSONS, Body, Line, Reason, body_of, holder, printable

MOST_OVERRIDES = 20

Name = Annotated[str, StringConstraints(max_length=600), AfterValidator(printable)]
Revision = Annotated[str, StringConstraints(strip_whitespace=True, max_length=253), AfterValidator(printable)]
Guard = Annotated[str, StringConstraints(max_length=64), AfterValidator(printable)]
CommandId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$")]

routes = web.RouteTableDef()


class NewRollback(Body):
    """A rollback; `id` is the sender's own, so that one which is sent again is known.

    `leaving` has no empty value that could be sent: a script whose variable is empty must not undo whatever runs.
    """

    id: CommandId
    workload: Name
    reason: Reason
    leaving: Annotated[Revision, Field(min_length=1, alias="from")] = ""
    to: Revision = ""
    overrides: Annotated[list[Guard], Field(max_length=MOST_OVERRIDES, default_factory=list)]


class NewWord(Body):
    """A person's word on a revision, by its name or number."""

    workload: Name
    revision: Annotated[Revision, Field(min_length=1)]
    verdict: Literal["good", "bad"]
    reason: Line = ""


@routes.post("/api/v1/rollbacks")
async def roll_back(request: web.Request) -> web.Response:
    """Go back from what runs now."""
    by = holder(request, Scope.ROLLBACK)
    wanted = await body_of(request, NewRollback)
    overrides = tuple(dict.fromkeys(map(_passable, wanted.overrides)))
    persons = request.app[PERSONS]
    given = model.Request(by, persons.now(), wanted.reason, wanted.to, overrides, HTTP, wanted.id, wanted.leaving)
    try:
        done = await persons.roll_back(_workload(wanted.workload), given)
    except NoSuchWorkload as error:
        return failure(404, str(error), "name it as Kind/namespace/name; see: watcher releases")
    except CommandRefused as error:
        return _refused(error, wanted.workload)
    body = {"workload": str(done.workload), "decision": done.decision or None, "by": by, "message": done.text}
    return web.json_response(body, status=201 if done.decision else 202)


@routes.post("/api/v1/revisions")
async def call(request: web.Request) -> web.Response:
    """Call a revision good or bad."""
    by = holder(request, Scope.REVISION)
    wanted = await body_of(request, NewWord)
    persons = request.app[PERSONS]
    word = model.Word(by, persons.now(), wanted.revision, wanted.verdict == "good", wanted.reason)
    try:
        said = await persons.call(_workload(wanted.workload), word)
    except NoSuchWorkload as error:
        return failure(404, str(error), "name it as Kind/namespace/name; see: watcher releases")
    except CommandRefused as error:
        return failure(409, str(error), f"see what is known: watcher why {wanted.workload}")
    about = {"workload": wanted.workload, "revision": wanted.revision, "verdict": wanted.verdict}
    return web.json_response({**about, "by": by, "message": said})


def _refused(error: CommandRefused, workload: str) -> web.Response:
    """The one shape of errors, with the guards that hold."""
    guards = [_guard(each) for each in error.guards]
    passable = guards and all(each["passable"] for each in guards)
    closed = [each.id for each in error.guards if not GUARDS[each.id].passable]
    remedy = f"to pass what may be passed: {error.command}" if passable else f"see: watcher why {workload}"
    if closed:
        remedy = f"{', '.join(closed)} cannot be passed; see docs/guards.md"
    return failure(409, str(error), remedy, guards=guards)


def _guard(found: GuardFinding) -> dict[str, object]:
    return {"id": found.id, "reason": found.reason, "passable": GUARDS[found.id].passable}


def _passable(guard: str) -> str:
    """The id of a guard that may be passed.  Raises BadRequest."""
    if guard not in GUARDS:
        raise BadRequest(f"there is no guard {guard!r}; those that may be passed: {', '.join(_all())}")
    if not GUARDS[guard].passable:
        raise BadRequest(f"guard {guard} cannot be passed: {GUARDS[guard].sentence}")
    return guard


def _all() -> list[str]:
    return [each.id for each in GUARDS.values() if each.passable]


def _workload(text: str) -> model.Workload:
    try:
        return model.Workload.parse(text)
    except ValueError as error:
        raise BadRequest(str(error)) from error
