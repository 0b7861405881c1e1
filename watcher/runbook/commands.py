"""Commands to copy: every word is quoted for the shell, so that names mean nothing to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from shlex import quote


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or several lines that belong together; `text` says what it is for.

    `reads`: it changes nothing.  `needs` names what must be installed beside kubectl.
    """

    text: str
    line: str
    reads: bool = field(default=False, kw_only=True)
    needs: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the runbook: what to know, and the commands, in order.

    `id` is the same in every runbook.  `skip` says why there is nothing to do here.
    """

    id: str
    title: str
    texts: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    skip: str = ""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """How kubectl is called: with the kubeconfig and the context by which the cluster was read."""

    kubeconfig: str = ""
    context: str = ""

    def __call__(self, namespace: str, *arguments: str) -> str:
        """The command line; an empty namespace names none."""
        words = ["kubectl"]
        if self.kubeconfig:
            words.append(f"--kubeconfig={self.kubeconfig}")
        if self.context:
            words.append(f"--context={self.context}")
        if namespace:
            words.append(f"--namespace={namespace}")
        return line(*words, *arguments)


def line(*words: str) -> str:
    """Words as one line for the shell."""
    return " ".join(quote(each) for each in words)


def patch(*operations: dict[str, object]) -> str:
    """A JSON patch as one argument."""
    return json.dumps(list(operations), separators=(",", ":"))
