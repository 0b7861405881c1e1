"""Commands by which people write: over HTTP with a token from a file, or with their own kubeconfig."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from structlog.testing import capture_logs
from typer.testing import Result

from tests.cli.test_reading_commands import watcher
from tests.contract.kubernetes_adapter.world import manifest
from tests.daemon.outside import CART
from tests.web.conftest import Served, serving
from tests.web.test_commanding import released
from tests.web.test_writing import propose
from watcher.adapters.kubernetes import Client
from watcher.adapters.kubernetes.resources import CONFIG_MAPS, NAMESPACES, WORKLOADS
from watcher.cli.exits import Exit
from watcher.core.deciding.holding import Scope
from watcher.core.model import PastRollback
from watcher.core.words import Kind
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings

SCOPES = "approve,hold,label,rollback,revision"


@dataclass
class Desk:
    """A daemon, and somebody who has a token for it."""

    served: Served
    url: str
    token: Path

    async def __call__(self, *arguments: str, token: bool = True) -> Result:
        environment = {"WATCHER_TOKEN_FILE": str(self.token)} if token else {}
        given = (*arguments, "--server", self.url)
        return await asyncio.to_thread(lambda: watcher(*given, **environment))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = json.loads(watcher("token", "new", "ada", "--scopes", SCOPES, "-o", "json").stdout)
    with capture_logs():  # the daemon shares this process, and so its standard output
        async with serving(tmp_path) as served:
            served.tokens.write_text(yaml.safe_dump([made["entry"]]))
            token = tmp_path / "token"
            token.write_text(f"{made['token']}\n")
            yield Desk(served, str(served.http.make_url("/")), token)


async def test_a_proposal_is_shown_with_its_command_and_approved_by_it(desk: Desk) -> None:
    proposed = await propose(desk.served)
    status = (await desk("status", token=False)).stdout
    assert f"watcher approve {proposed}" in status
    assert "waits for approval" in (await desk("decisions", "list", token=False)).stdout
    shown = (await desk("decisions", "show", proposed, token=False)).stdout
    assert f"watcher.dev/approve={proposed}" in shown
    assert "at the latest until" in shown

    done = await desk("approve", proposed[:5])
    assert done.exit_code == Exit.OK, done.stderr
    assert done.stdout == f"Deployment/shop/cart: decision {proposed} is being carried out, approved by ada\n"
    shown = (await desk("decisions", "show", proposed, token=False)).stdout
    assert "by ada (http)" in shown


@pytest.mark.parametrize("command", [("approve", "ffff"), ("decisions", "label", "ffff", "right")])
async def test_an_id_that_is_not_known(desk: Desk, command: tuple[str, ...]) -> None:
    result = await desk(*command)
    assert result.exit_code == Exit.INVALID
    assert "no decision has the id 'ffff'" in result.stderr


@pytest.mark.parametrize(
    "command",
    [("approve", ""), ("decisions", "label", "", "right"), ("flags", "restore", "", "--reason", "mended")],
)
async def test_an_id_that_is_empty(desk: Desk, command: tuple[str, ...]) -> None:
    result = await desk(*command)
    assert result.exit_code == Exit.INVALID
    assert "name the decision by its id, or the beginning of it" in result.stderr


async def test_what_does_not_wait_says_why(desk: Desk) -> None:
    proposed = await propose(desk.served)
    desk.served.outside.release("v3")
    result = await desk("approve", proposed)
    assert result.exit_code == Exit.FAILED
    assert "its release is not the current one any more" in result.stderr


async def test_a_token_that_may_not(desk: Desk) -> None:
    desk.served.tokens.unlink()
    result = await desk("approve", "ffff")
    assert result.exit_code == Exit.FAILED
    assert "nobody may write here" in result.stderr


async def test_without_a_token_it_is_said_where_one_comes_from(desk: Desk) -> None:
    result = await desk("approve", "ffff", token=False)
    assert result.exit_code == Exit.INVALID
    assert "WATCHER_TOKEN_FILE" in result.stderr


@pytest.mark.parametrize("content", ["", "two tokens", "wtk_ä", "wtk_a\nwtk_b"])
def test_a_file_that_holds_no_token(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    result = watcher("approve", "ffff", "--token-file", str(file))
    assert result.exit_code == Exit.INVALID
    assert str(file) in result.stderr
    assert content.strip() not in result.stderr or not content.strip()


async def test_a_decision_is_labelled_and_the_label_shown(desk: Desk) -> None:
    proposed = await propose(desk.served)
    result = await desk("decisions", "label", proposed, "wrong", "--note", "a load test")
    assert result.stdout == f"{proposed}: wrong\n"
    assert "wrong, says ada" in (await desk("decisions", "show", proposed, token=False)).stdout
    assert "(wrong)" in (await desk("decisions", "list", token=False)).stdout
    assert (await desk("decisions", "label", proposed, "maybe")).exit_code == Exit.INVALID


async def test_a_hold_over_http(desk: Desk) -> None:
    result = await desk("hold", "namespace", "shop", "--reason", "stocktaking", "--for", "2h")
    assert result.exit_code == Exit.OK, result.stderr
    assert result.stdout.startswith("namespace/shop is held until ")
    listed = (await desk("hold", "list", token=False)).stdout
    assert "stocktaking" in listed
    assert "ada" in listed
    assert "namespace/shop: stocktaking (decision log, by ada, until" in (await desk("status", token=False)).stdout
    assert (await desk("resume", "namespace", "shop")).stdout == "namespace/shop is no longer held.\n"
    assert (await desk("hold", "list", token=False)).stdout == "nothing is held\n"
    again = await desk("resume", "namespace", "shop")
    assert (again.exit_code, "there is no hold on namespace/shop" in again.stderr) == (Exit.FAILED, True)


async def test_a_breaker_is_shown_and_closed(desk: Desk) -> None:
    now = desk.served.outside.clock.now()
    past = tuple(PastRollback(now - age, "shop", f"release-{age}") for age in (30.0, 20.0, 10.0))
    desk.served.life.daemon.stepping.situation.rollbacks = past
    refused = await desk("breaker", "close", "--reason", "no common cause")
    assert (refused.exit_code, "may approve, hold, label, rollback, revision, not breaker" in refused.stderr) == (
        Exit.FAILED,
        True,
    )

    made = json.loads(watcher("token", "new", "ada", "--scopes", "breaker", "-o", "json").stdout)
    desk.served.tokens.write_text(yaml.safe_dump([made["entry"]]))
    desk.token.write_text(made["token"])
    shown = (await desk("breaker", "show", token=False)).stdout
    assert "cluster" in shown
    assert "3 of 3 in 1 h" in shown
    result = await desk("breaker", "close", "--reason", "no common cause")
    assert (result.exit_code, result.stdout) == (Exit.OK, "cluster is closed: 0 of 3 rollbacks count now.\n")
    assert "by ada: no common cause" in (await desk("breaker", "show", token=False)).stdout
    again = await desk("breaker", "close", "--reason", "no common cause")
    assert (again.exit_code, "is not open: 0 of 3" in again.stderr) == (Exit.FAILED, True)
    unknown = await desk("breaker", "close", "--reason", "x", "--namespace", "elsewhere")
    assert (unknown.exit_code, "there is no breaker of namespace/elsewhere" in unknown.stderr) == (Exit.FAILED, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("hold", "all"),
        ("hold", "shop", "--reason", "x"),
        ("hold", "namespace", "--reason", "x"),
        ("hold", "namespace", "a", "b", "--reason", "x"),
        ("hold", "workload", "Pod/shop/cart", "--reason", "x"),
        ("hold", "all", "--reason", "x", "--for", "soon"),
        ("resume", "everything"),
        ("breaker", "close"),
        ("breaker", "close", "--reason", " "),
        ("token", "new", "two words"),
        ("rollback", "", "--reason", "x"),
        ("token", "new", "ada", "--scopes", "everything"),
    ],
)
def test_a_command_line_that_makes_no_sense(arguments: tuple[str, ...]) -> None:
    assert watcher(*arguments).exit_code == Exit.INVALID


def test_a_new_token_is_shown_with_the_entry_that_knows_it() -> None:
    result = watcher("token", "new", "ada", "--scopes", "approve, hold")
    token = next(line.strip() for line in result.stdout.splitlines() if line.startswith("  wtk_"))
    (entry,) = yaml.safe_load(result.stdout[result.stdout.index("- name") :])
    digest = hashlib.sha256(token.encode()).hexdigest()
    assert entry == {"name": "ada", "sha256": digest, "scopes": ["approve", "hold"]}
    assert len(token) >= 40
    assert watcher("token", "new", "ada").stdout != result.stdout


async def test_a_hold_with_ones_own_kubeconfig() -> None:
    """As `kubectl annotate` would write it; the daemon needs not run."""
    async with SandboxCluster(SandboxSettings(namespaces=("shop", "watcher"))) as sandbox:
        mine = ("--kubeconfig", str(sandbox.kubeconfig_path))
        client = await Client.connect(str(sandbox.kubeconfig_path))
        cart = WORKLOADS[Kind.DEPLOYMENT].path("shop", "cart")
        await client.post(WORKLOADS[Kind.DEPLOYMENT].path("shop"), manifest(Kind.DEPLOYMENT, "cart"))

        async def run(*arguments: str) -> Result:
            return await asyncio.to_thread(lambda: watcher(*arguments, *mine))

        async def marks(path: str) -> dict[str, str]:
            found = (await client.get(path))["metadata"].get("annotations") or {}
            return {key: value for key, value in found.items() if key.startswith("watcher.dev/")}

        for what, path in (
            (("namespace", "shop"), NAMESPACES.path(name="shop")),
            (("workload", "Deployment/shop/cart"), cart),
        ):
            done = await run("hold", *what, "--reason", "stocktaking", "--for", "2h", "-o", "json")
            assert done.exit_code == Exit.OK, done.stderr
            by = json.loads(done.stdout)["by"]
            written = await marks(path)
            assert by
            assert written["watcher.dev/hold"] == "stocktaking"
            assert written["watcher.dev/hold-by"] == by
            assert written["watcher.dev/hold-until"].endswith("Z")
            await run("hold", *what, "--reason", "fire drill")
            assert await marks(path) == {"watcher.dev/hold": "fire drill", "watcher.dev/hold-by": by}
            assert (await run("resume", *what)).exit_code == Exit.OK
            assert await marks(path) == {}
            assert "there is no annotation" in (await run("resume", *what)).stderr

        config_map = CONFIG_MAPS.path("watcher", "watcher-hold")
        assert (await run("hold", "all", "--reason", "fire drill", "--for", "1h")).exit_code == Exit.OK
        assert (await client.get(config_map))["data"]["until"] > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        assert (await run("hold", "all", "--reason", "still")).exit_code == Exit.OK
        assert (await client.get(config_map))["data"].keys() == {"reason", "by"}
        assert (await run("resume", "all")).exit_code == Exit.OK
        assert "there is no ConfigMap watcher-hold" in (await run("resume", "all")).stderr
        assert (await run("hold", "workload", "Deployment/shop/nobody", "--reason", "x")).exit_code == Exit.FAILED
        await client.close()


async def test_a_rollback_is_refused_by_a_guard_and_passes_it_by_its_name(desk: Desk) -> None:
    await released(desk.served)
    await desk.served.life.daemon.persons.hold(Scope("shop"), "stocktaking", None, "brian")
    refused = await desk("rollback", str(CART), "--reason", "finance calls")
    assert refused.exit_code == Exit.FAILED
    assert "guards hold: hold: held: stocktaking" in refused.stderr
    assert "--reason 'finance calls' --override hold" in refused.stderr

    done = await desk("rollback", str(CART), "--reason", "finance calls", "--override", "hold")
    assert done.exit_code == Exit.OK, done.stderr
    first, follow = done.stdout.splitlines()
    assert first.startswith(f"{CART}: ada commanded it: finance calls. Rolling back by undo to revision ")
    assert first.endswith(", past guard hold.")
    shown = (await desk("decisions", "show", follow.split()[-1], token=False)).stdout
    assert "by ada (http)" in shown
    assert "finance calls" in shown
    assert "hold: held: stocktaking" in shown


async def test_a_rollback_leaves_only_the_revision_that_is_named(desk: Desk) -> None:
    await released(desk.served)
    other = await desk("rollback", str(CART), "--reason", "finance calls", "--from", "1")
    assert other.exit_code == Exit.FAILED
    assert "what runs now is revision hash-v2 (number 2, " in other.stderr
    assert "and name it with --from where it is to be left" in other.stderr
    assert f"See: watcher why {CART}" in other.stderr
    empty = await desk("rollback", str(CART), "--reason", "finance calls", "--from", "")
    assert (empty.exit_code, "--from REVISION" in empty.stderr) == (Exit.INVALID, True)
    assert desk.served.outside.orders == []

    done = await desk("rollback", str(CART), "--reason", "finance calls", "--from", "hash-v2")
    assert done.exit_code == Exit.OK, done.stderr


async def test_a_rollback_needs_a_reason_and_guards_that_there_are(desk: Desk) -> None:
    await released(desk.served)
    assert (await desk("rollback", str(CART), "--reason", " ")).exit_code == Exit.INVALID
    wrong = await desk("rollback", str(CART), "--reason", "finance calls", "--override", "cooldwon")
    assert wrong.exit_code == Exit.INVALID
    assert "there is no guard 'cooldwon'" in wrong.stderr


async def test_revisions_are_called_bad_and_good(desk: Desk) -> None:
    await released(desk.served)
    (entry,) = desk.served.life.daemon.stepping.states[CART].known_good
    said = await desk("bad", str(CART), entry.revision, "--reason", "wrong totals")
    assert said.exit_code == Exit.OK, said.stderr
    assert said.stdout.startswith(f"{CART}: revision {entry.revision} counts as bad")
    why = (await desk("why", str(CART), token=False)).stdout
    assert "ada (wrong totals) called it bad" in why
    assert (await desk("good", str(CART), entry.revision)).exit_code == Exit.OK
    assert "says ada" in (await desk("why", str(CART), token=False)).stdout
    unknown = await desk("good", str(CART), "v9")
    assert unknown.exit_code == Exit.FAILED
    assert "neither the cluster nor the ledger knows a revision v9" in unknown.stderr
