"""The note and its picture, as they are written into files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from watcher.incident.facts import Incident
from watcher.incident.markdown import markdown
from watcher.incident.picture import describe, picture
from watcher.incident.reading import incident
from watcher.ports import StoreReader

LARGEST = 256 * 1024
"""Characters of a note; what is longer is cut."""


@dataclass(frozen=True, slots=True)
class Note:
    """A post-incident note.  `name` is the one that its files have, without an ending; `picture` is SVG, or empty."""

    decision: str
    name: str
    markdown: str
    picture: str

    def body(self) -> dict[str, str]:
        """As the HTTP API gives it."""
        return {"decision": self.decision, "name": self.name, "markdown": self.markdown, "picture": self.picture}


def note(log: StoreReader, prefix: str, address: str = "") -> Note:
    """The note on the decision of this id.  Raises NoSuchDecision, Unavailable, Rejected.

    `address`: where the picture is to be found; empty: beside the note, under the same name.
    """
    return composed(incident(log, prefix), address)


def composed(found: Incident, address: str = "") -> Note:
    """The note of an incident: a pure function of it."""
    drawn, name = picture(found), file_name(found)
    text = markdown(found, (address or f"{name}.svg") if drawn else "", describe(found) if drawn else "")
    return Note(found.id, name, text if len(text) <= LARGEST else f"{text[:LARGEST]}\n", drawn)


def written_at(name: str) -> float | None:
    """When the decision was made whose note has this name, Unix seconds; None: that is no note's."""
    found = re.match(r"(\d{8}-\d{6})-[a-z0-9-]+-[A-Za-z0-9]+\.md$", name)
    try:
        return datetime.strptime(found[1], _TIME).replace(tzinfo=UTC).timestamp() if found else None
    except ValueError:
        return None


_TIME = "%Y%m%d-%H%M%S"


def file_name(found: Incident) -> str:
    """Sorts by time, and ends in the decision's id."""
    at = datetime.fromtimestamp(found.decided_at, UTC).strftime(_TIME)
    workload = re.sub(r"[^a-z0-9]+", "-", found.workload.lower()).strip("-")[:120]
    return f"{at}-{workload}-{re.sub(r'[^A-Za-z0-9]', '', found.id)}"
