"""What every stand-in keeps, whatever shape it answers in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = Any
TOKEN = "forge-token-of-a-test"


@dataclass(frozen=True)
class Asked:
    """A request, as far as a stand-in looks at it; `path` is below the API's address, `body` read from JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Json
    authorization: str


@dataclass(frozen=True)
class Answered:
    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


class StandIn(Protocol):
    def answer(self, asked: Asked) -> Answered: ...


@dataclass
class Pull:
    number: int
    branch: str
    onto: str
    title: str
    text: str
    state: str = "open"  # open, closed, merged
    merged: str = ""
    by_itself: bool = False  # the forge was asked to merge it


@dataclass
class Kept:
    """One repository at a forge.

    `mergeable` is the answer to who asks for a merge by the forge: empty, or why not.  `in_between` is done once, right
    before a pull request is made.  While it is `silent`, what is asked for is done and not answered.
    """

    repository: str = "team/shop"
    token: str = TOKEN
    protected: set[str] = field(default_factory=set)
    pulls: list[Pull] = field(default_factory=list)
    mergeable: str = ""
    in_between: Callable[[], object] | None = None
    silent: bool = False
    asked: list[Asked] = field(default_factory=list)

    def pull(self, number: int) -> Pull | None:
        return next((each for each in self.pulls if each.number == number), None)

    def of_branch(self, branch: str, onto: str) -> Pull | None:
        """The newest."""
        return next((each for each in reversed(self.pulls) if (each.branch, each.onto) == (branch, onto)), None)

    def make(self, branch: str, onto: str, title: str, text: str) -> Pull | None:
        """None where there is one that is open."""
        if self.in_between is not None:
            meanwhile, self.in_between = self.in_between, None
            meanwhile()
        found = self.of_branch(branch, onto)
        if found is not None and found.state == "open":
            return None
        self.pulls.append(Pull(len(self.pulls) + 1, branch, onto, title, text))
        return self.pulls[-1]
