"""One rehearsal on one workload: break it, let the daemon mend it, put back what is left, compare."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from watcher.adapters.git.repository import GitRepository
from watcher.adapters.kubernetes.client import Json
from watcher.adapters.kubernetes.rehearsing import Note, Rehearsing, left, read_note, rolled_out, state
from watcher.core import drill
from watcher.core.model import Workload
from watcher.ports import Changed, Clock, Rejected, Unavailable
from watcher.rehearsal import commit
from watcher.rehearsal.following import Api, Document, Following, Unproven
from watcher.rehearsal.outcome import Rehearsed, judged

T = TypeVar("T")

EVERY = 1.0
"""Seconds between two looks."""

SETTLING = 600.0
"""Seconds in which everything must be as before again, once the recovery is proven."""

BACK = ("restored", "already")
"""What becomes of a flag that is put back."""

SWEEPING = 60.0
"""Seconds in which the pods of the broken version must be gone, so that what its controller keeps can be removed."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a rehearsal works with.  `repository` gives the one of a URL; `tell` says what goes on."""

    on: Rehearsing
    api: Api
    repository: Callable[[str], GitRepository]
    clock: Clock
    tell: Callable[[str], None]


class Obstructed(Rejected):
    """The rehearsal cannot be held now; the message has every reason with what mends it."""


class Drill:
    """Rehearses on one workload.  `id` is another one each time; `within`: seconds for the daemon to mend it."""

    def __init__(self, means: Means, workload: Workload, identity: str, within: float, fault: str = "") -> None:
        self._means, self._workload, self.id = means, workload, identity
        self._within, self._fault = within, fault
        self._note: Note | None = None

    async def hold(self) -> tuple[Rehearsed, ...]:
        """Hold it; how each rung ended.  Nothing was written where it raises Obstructed.

        Raises Rejected, Unavailable; also then, and when cancelled, everything is put back first.
        """
        means = self._means
        await means.on.check_namespace()
        raw, prospect = await self._ready()
        rungs = self._rungs(prospect)
        known = frozenset(each["id"] for each in await self._decisions())
        self._note, decision, problem = Note(self.id, **state(raw)), None, ""
        try:
            await self._break(raw, self._note, prospect)
            released = means.clock.now()
            following = Following(means.api, means.clock, str(self._workload), known, means.tell)
            decision = await following.ended(self._within, durable="git" in rungs)
        except Unproven as error:
            decision, problem = error.decision, str(error)
        except BaseException:
            await _finished(self._put_back(self._note, prospect))
            raise
        differences = await _finished(self._put_back(self._note, prospect))
        differences = (*differences, *await self._flag_back(decision))
        rows = judged(rungs, decision, released, problem, differences)
        await self._report(rows)
        return rows

    async def restore(self) -> tuple[str, ...]:
        """Put back what an earlier rehearsal left; what is not as before.  Raises Rejected where there is nothing."""
        await self._means.on.check_namespace()
        note = read_note(await self._means.on.read())
        if note is None:
            raise Rejected(f"{self._workload} carries no rehearsal that is to be put back")
        prospect = await asyncio.to_thread(self._means.api.prospect, str(self._workload))
        sources = (prospect["application"] or {}).get("sources") or ()
        if note.url and note.url not in [each["repo"] for each in sources]:
            raise Rejected(f"{note.url} is not where {self._workload} comes from: put {note.file} back by hand")
        return await _finished(self._put_back(note, prospect))

    async def _ready(self) -> tuple[Json, Document]:
        """The workload, and what the daemon says of it.  Raises Obstructed."""
        raw = await self._means.on.read()
        if read_note(raw) is not None:
            again = f"watcher rehearse {self._workload} --in {self._workload.namespace} --restore"
            raise Obstructed(f"{self._workload} carries a rehearsal that was not put back; do so: {again}")
        prospect = await asyncio.to_thread(self._means.api.prospect, str(self._workload))
        reasons = [f"{each['what']} ({each['remedy']})" for each in prospect["obstacles"]]
        if self._fault and prospect["application"]:
            reasons.append("a fault switch is for workloads that no tool keeps (leave --fault out)")
        if reasons:
            raise Obstructed(f"{self._workload} cannot be rehearsed on now: {'; '.join(reasons)}")
        return raw, prospect

    def _rungs(self, prospect: Document) -> list[str]:
        """What is to be rehearsed: a flag mends what checks find, and no pods that do not start."""
        by_flag = bool(self._fault and prospect["flag"])
        return ["flag"] if by_flag else list(prospect["rungs"])

    async def _flag_back(self, decision: Document | None) -> list[str]:
        """Put back the flag that was switched; why it is not as before."""
        switched = any(each["rung"] == "flag" and each["taken"] for each in (decision or {}).get("rungs") or ())
        if decision is None or not switched:
            return []
        reason = f"rehearsal {self.id} has ended"
        try:
            told = await asyncio.to_thread(self._means.api.restore_flag, decision["id"], reason)
        except (Rejected, Unavailable) as error:
            return [f"flag: was on, is not put back: {error}"]
        self._means.tell(str(told["message"]))
        return [] if told["result"] in BACK else [f"flag: was on, is not put back: {told['message']}"]

    async def _decisions(self) -> list[Document]:
        return await asyncio.to_thread(self._means.api.decisions, str(self._workload), 1000, 0.0)

    async def _break(self, raw: Json, note: Note, prospect: Document) -> None:
        """Release the broken version."""
        if prospect["application"]:
            await self._commit(raw, note, prospect["application"])
            return
        template = drill.broken(raw["spec"]["template"], self.id, self._fault)
        self._means.tell(f"releasing a broken version of {self._workload}")
        await self._means.on.break_(raw, template, note)

    async def _commit(self, raw: Json, note: Note, application: Document) -> None:
        sources: Sequence[Document] = application["sources"]
        if len(sources) != 1:
            raise Obstructed(f"{application['name']} is made from {len(sources)} sources in Git, it must be one")
        (source,) = sources
        repository = self._means.repository(source["repo"])
        branch = source["branch"] if source["branch"] != "HEAD" else await repository.default_branch()
        image = raw["spec"]["template"]["spec"]["containers"][0]["image"]
        found = await commit.place(repository, branch, source["paths"], image, self.id)
        self._note = replace(note, url=source["repo"], branch=branch, file=found.file, content=found.content)
        await self._means.on.mark(raw, self._note)
        sha = await commit.break_(repository, branch, found, self.id)
        self._means.tell(
            f"pushed {sha[:12]} to {branch} of {source['repo']}: {found.file} names an image that is not there"
        )
        await self._means.on.refresh(application["name"])

    async def _put_back(self, note: Note, prospect: Document) -> tuple[str, ...]:
        """Put everything back; what is not as before.  Raises Unavailable, Rejected."""
        self._means.tell("putting everything back")
        until = self._means.clock.now() + SETTLING
        while not await self._is_back(note, prospect):
            if self._means.clock.now() >= until:
                break
            await self._means.clock.sleep(EVERY)
        await self._sweep(note)
        raw = await self._means.on.read()
        await self._means.on.clear(raw, note)
        return await self._differences(note)

    async def _is_back(self, note: Note, prospect: Document) -> bool:
        """Whether the template is back and served; does what is missing for it."""
        on = self._means.on
        try:
            if note.url:
                repository = self._means.repository(note.url)
                image = note.spec["template"]["spec"]["containers"][0]["image"]
                if await commit.put_back(repository, note.branch, note.file, note.content, image, note.drill):
                    self._means.tell(f"{note.file} was put back by a commit")
                    await on.refresh(prospect["application"]["name"])
            else:
                await on.put_template_back(await on.read(), note)
            raw = await on.read()
        except (Unavailable, Changed) as error:
            self._means.tell(f"trying again: {error}")
            return False
        if found := left(raw, note):
            self._means.tell(f"waiting until all is as before: {found[0]}")
            return False
        return rolled_out(raw, self._workload.kind)

    async def _sweep(self, note: Note) -> None:
        until = self._means.clock.now() + SWEEPING
        while not await self._means.on.sweep(await self._means.on.read(), note.drill):
            if self._means.clock.now() >= until:
                return
            await self._means.clock.sleep(EVERY)

    async def _differences(self, note: Note) -> tuple[str, ...]:
        raw = await self._at_rest()
        found = list(drill.differences(note.before, state(raw)))
        if not rolled_out(raw, self._workload.kind):
            found.append("status: not all of its replicas serve")
        if note.url:
            content = await commit.now(self._means.repository(note.url), note.branch, note.file)
            found += drill.differences(note.content, content, note.file)
            found += await self._out_of_sync()
        return tuple(found)

    async def _at_rest(self) -> Json:
        """The workload once its controller has seen the last change, or not in time."""
        until = self._means.clock.now() + SWEEPING
        while not rolled_out(raw := await self._means.on.read(), self._workload.kind):
            if self._means.clock.now() >= until:
                break
            await self._means.clock.sleep(EVERY)
        return raw

    async def _out_of_sync(self) -> list[str]:
        """Why the application is not as before, once it had the time to be."""
        until, application = self._means.clock.now() + SWEEPING, None
        while self._means.clock.now() < until:
            prospect = await asyncio.to_thread(self._means.api.prospect, str(self._workload))
            application = prospect["application"]
            if application and application["synced"] and application["healthy"]:
                return []
            await self._means.clock.sleep(EVERY)
        return [f"application: was synced and healthy, is {application or 'not seen'}"[:200]]

    async def _report(self, rows: tuple[Rehearsed, ...]) -> None:
        """Send the results to the daemon."""
        for row in rows:
            await asyncio.to_thread(self._means.api.rehearsed, row.body(self.id, str(self._workload)))


async def _finished(work: Coroutine[Any, Any, T]) -> T:
    """The result.  Who is cancelled meanwhile is so at the end: nothing must be left half put back."""
    task, cancelled = asyncio.ensure_future(work), False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    found = task.result()
    if cancelled:
        raise asyncio.CancelledError
    return found
