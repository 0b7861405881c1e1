"""The commands of `watcher`, each imported only when it is used, so that `watcher --help` stays fast.

To add a command, write a module with either a function (its parameters become arguments and options, its docstring
the help) or a `typer.Typer` with subcommands, and add one line to `COMMANDS`.  Commands end through
`raise typer.Exit(Exit....)` with a code of `watcher.cli.exits`.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command


class Lazy(NamedTuple):
    """Where a command is (`module:name`) and what it does, in the words of `watcher --help`."""

    target: str
    help: str


COMMANDS: dict[str, Lazy] = {
    "run": Lazy("watcher.cli.run:run", "Watch the cluster, and undo bad releases as the thresholds file allows."),
    "demo": Lazy("watcher.cli.demo:demo", "Play the main job on this machine: no cluster needed."),
    "check": Lazy("watcher.cli.check:check", "Check a thresholds file: every mistake with its place and remedy."),
    "doctor": Lazy(
        "watcher.cli.doctor:doctor", "Look for what would keep a bad release from being seen or undone: the preflight."
    ),
    "migrations": Lazy("watcher.cli.migrations:app", "Check and write notes on database migrations."),
    "explain": Lazy("watcher.cli.explain:explain", "Show each effective value of a workload and where it comes from."),
    "schema": Lazy("watcher.cli.schema:schema", "Print the JSON Schema of the thresholds file, for editors."),
    "status": Lazy(
        "watcher.cli.status:status", "Show what is under watch, what needs a person, and how old the data are."
    ),
    "decisions": Lazy("watcher.cli.decisions:app", "List decisions, show one with its reasons, write the note on it."),
    "approve": Lazy("watcher.cli.approve:approve", "Approve a proposal, so that it is carried out."),
    "flags": Lazy("watcher.cli.flags:app", "List the feature flags that releases are tied to, or put one back."),
    "rollback": Lazy("watcher.cli.rollback:rollback", "Go back from what runs now: guards, ladder and log as always."),
    "good": Lazy("watcher.cli.revisions:good", "Call a revision good, so that it may be gone back to."),
    "bad": Lazy("watcher.cli.revisions:bad", "Call a revision bad: no target any more, and its return is an alarm."),
    "hold": Lazy("watcher.cli.holds:hold", "Let nothing be written for a while: everywhere, a namespace, a workload."),
    "resume": Lazy("watcher.cli.holds:resume", "Lift a hold."),
    "breaker": Lazy("watcher.cli.breaker:app", "Show the breakers, or close one before its time."),
    "token": Lazy("watcher.cli.token:app", "Make tokens for people who write over HTTP."),
    "releases": Lazy("watcher.cli.releases:releases", "List the releases that were watched, and what became of them."),
    "why": Lazy("watcher.cli.why:why", "Tell why a workload was, or was not, rolled back."),
    "report": Lazy(
        "watcher.cli.report:report", "Report what was watched, what would have been undone, and what is ready to act."
    ),
    "rehearse": Lazy(
        "watcher.cli.rehearse:rehearse", "Try a way back on purpose, in a namespace that is there for nothing else."
    ),
    "runbook": Lazy("watcher.cli.runbook:runbook", "Print what a person does to take a release back by hand, now."),
    "record": Lazy("watcher.cli.record:record", "Record an incident of one workload, so that it can be replayed."),
    "replay": Lazy("watcher.cli.replay:replay", "Replay recordings: what would have been decided, and when."),
    "notify": Lazy("watcher.cli.notify:app", "Try the channels by which people are told."),
    "store": Lazy("watcher.cli.store:app", "Mend the file of the decision log."),
}


class Commands(TyperGroup):
    """Finds commands in `COMMANDS`."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature of the parent
        """Names of all commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the signature of the parent
        """Import the module of a command; None when there is no such command."""
        lazy = COMMANDS.get(cmd_name)
        return None if lazy is None else loaded(cmd_name, lazy)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature of the parent
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in COMMANDS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command of this call, or name the likeliest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(
                f"There is no command {args[0]}; {f'did you mean {close[0]}?' if close else 'see: watcher --help'}"
            )
        return super().resolve_command(ctx, args)


def loaded(name: str, lazy: Lazy) -> Any:
    """The command behind a line of `COMMANDS`."""
    module, _, attribute = lazy.target.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        found.rich_markup_mode = None
        group = get_command(found)
        group.name = name
        return group
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name, cls=getattr(found, "command_class", None))(found)
    return get_command(single)


application = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@application.callback()
def watcher() -> None:
    """Watch releases in Kubernetes, find the bad ones in Prometheus, and undo them."""
