from __future__ import annotations

import asyncio
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.contract.git.people import People
from tests.e2e.controlplane.repository import Repository as Remote
from watcher.adapters.git import GitRepositories
from watcher.adapters.git.addresses import Address
from watcher.adapters.git.command import Git, environment
from watcher.adapters.git.credentials import Credentials
from watcher.adapters.git.private_files import PrivateFiles
from watcher.config.gitops import ConfigRepository, GitAuth, GitOps
from watcher.ports import Forbidden, Rejected, Unavailable
from watcher.ports.git import Revert

TOKEN = "s3cret-token"


def ran(*command: str) -> str:
    """What a command complains of."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


def runs(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().split()[2] != "Z"


def credentials(tmp_path: Path, auth: GitAuth, url: str) -> Credentials:
    entry = ConfigRepository(("*",), auth=auth, ca_file="/etc/ca.pem")
    return Credentials(entry, Address.of(url), PrivateFiles(tmp_path / "private"), lambda: 0.0)


async def filled(tmp_path: Path, auth: GitAuth, url: str, asked: str) -> str:
    """What Git would be told for a host."""
    access = await credentials(tmp_path, auth, url).access()
    done = await Git(tmp_path).run("credential", "fill", stdin=f"url={asked}\n\n".encode(), access=access)
    return done.out.decode()


async def test_a_token_is_told_to_its_host_only(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    auth = GitAuth(user="bot", token_file=str(tmp_path / "token"))

    ours = await filled(tmp_path, auth, "https://git.example.com:8443/x", "https://git.example.com:8443/x")
    assert f"username=bot\npassword={TOKEN}\n" in ours
    for asked in ("https://git.example.com/x", "https://evil.example.com/x", "http://git.example.com:8443/x"):
        assert TOKEN not in await filled(tmp_path, auth, "https://git.example.com:8443/x", asked)


async def test_no_variable_holds_the_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    access = await credentials(tmp_path, GitAuth(token_file=str(tmp_path / "token")), "https://h/x").access()

    variables = environment(tmp_path, access)

    assert not [each for each in variables.values() if TOKEN in each]
    assert ("http.sslCAInfo", "/etc/ca.pem") in access.settings


async def test_a_file_without_a_token_is_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("two words")
    with pytest.raises(Rejected, match="holds no token"):
        await credentials(tmp_path, GitAuth(token_file=str(tmp_path / "token")), "https://h/x").access()


def test_ssh_needs_a_key_and_the_keys_of_hosts(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="knownHostsFile"):
        credentials(tmp_path, GitAuth(ssh_key_file="/k"), "git@h:x")


async def test_a_key_is_copied_for_nobody_else_and_again_when_it_changes(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("one")
    ours = credentials(tmp_path, GitAuth(ssh_key_file=str(key), known_hosts_file="/hosts"), "git@h:x")

    await ours.access()
    key.write_text("two")
    await ours.access()

    (copy,) = (tmp_path / "private").iterdir()
    assert copy.read_text() == "two\n"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
    key.unlink()
    with pytest.raises(Unavailable, match=r"SSH key .* cannot be read"):
        await ours.access()


SSH = """#!/bin/sh
printf '%s\\n' "$@" > "$0.asked"
case "$*" in *git-upload-pack*|*git-receive-pack*) ;; *) exit 1 ;; esac
test "$HOME" != "$0.refuse" && test ! -e "$0.refuse" || { echo 'Host key verification failed.' >&2; exit 255; }
for last; do :; done
eval "$last"
"""


async def test_ssh_is_run_with_our_key_and_our_hosts_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in the place of ssh runs the server's side of Git here."""
    remote = Remote.create(tmp_path / "x.git", "")
    head = People(remote).commit({"a": "1"})
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(SSH)
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    (tmp_path / "key").write_text("key\n")
    auth = GitAuth(ssh_key_file=str(tmp_path / "key"), known_hosts_file="/etc/known hosts")
    entry = ConfigRepository(("*",), auth=auth)
    url = f"ssh://git@git.example.com:2222{remote.bare}"
    repository = GitRepositories(lambda: GitOps((entry,)), tmp_path / "cache", lambda: 0.0).repository(url)

    assert await repository.fetch("main") == head

    asked = (tmp_path / "bin" / "ssh.asked").read_text().splitlines()
    for option in ("StrictHostKeyChecking=yes", "IdentitiesOnly=yes", 'UserKnownHostsFile="/etc/known hosts"'):
        assert option in asked
    assert asked[:2] == ["-F", "/dev/null"]
    assert "2222" in asked
    (tmp_path / "bin" / "ssh.refuse").touch()
    with pytest.raises(Forbidden, match="ssh-keyscan"):
        await repository.fetch("main")


async def test_commits_are_signed_by_a_key(tmp_path: Path) -> None:
    key = tmp_path / "sign"
    ran("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    key.chmod(0o640)
    remote = Remote.create(tmp_path / "x.git", "")
    people = People(remote)
    good, head = people.commit({"a": "1"}), people.commit({"a": "2"})
    entry = ConfigRepository(("*",), signing_key_file=str(key), author_name="Watcher", author_email="w@example.com")
    repository = GitRepositories(lambda: GitOps((entry,)), tmp_path / "cache", lambda: 0.0).repository(remote.file_url)
    await repository.fetch("main")

    prepared = await repository.prepare(Revert(head, good, (head,), ("",), "Revert"))
    await repository.push(prepared.commit, "main", head)

    allowed = tmp_path / "allowed"
    allowed.write_text(f"w@example.com {key.with_suffix('.pub').read_text()}")
    known = ("-c", f"gpg.ssh.allowedSignersFile={allowed}")
    shown = ran("git", f"--git-dir={remote.bare}", *known, "verify-commit", "main")
    assert 'Good "git" signature for w@example.com' in shown


def test_a_repository_that_is_not_configured_is_refused(tmp_path: Path) -> None:
    repositories = GitRepositories(GitOps, tmp_path, lambda: 0.0)
    with pytest.raises(Rejected, match=r"no entry .* fits https://h/x: add one"):
        repositories.repository("https://user:pass@h/x")


async def test_a_command_is_ended_with_its_children(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "begun")
    alias = "alias.wait=!sleep 1000 & echo $! > begun; wait"
    command = asyncio.create_task(Git(tmp_path).run("-C", str(tmp_path), "-c", alias, "wait"))
    child = int(await asyncio.to_thread((tmp_path / "begun").read_text))

    command.cancel()
    with pytest.raises(asyncio.CancelledError):
        await command

    assert not runs(child)


@pytest.mark.parametrize("turns", range(6))
async def test_a_command_is_ended_while_it_is_being_started(tmp_path: Path, turns: int) -> None:
    """Whichever turn of the loop it is cancelled in, nobody waits for a child that was forgotten."""
    command = asyncio.create_task(Git(tmp_path).run("-c", "alias.wait=!sleep 1000", "wait"))
    for _ in range(turns):
        await asyncio.sleep(0)

    command.cancel()
    async with asyncio.timeout(20.0):
        with pytest.raises(asyncio.CancelledError):
            await command


async def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="git wait took longer than 0 s"):
        await Git(tmp_path).run("-c", "alias.wait=!sleep 1000", "wait", seconds=0.1)


async def test_a_child_that_outlives_its_command_is_ended(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "begun")
    alias = "alias.leave=!sleep 1000 & echo $! > begun"
    command = asyncio.create_task(Git(tmp_path).run("-C", str(tmp_path), "-c", alias, "leave", seconds=1.0))
    child = int(await asyncio.to_thread((tmp_path / "begun").read_text))

    with pytest.raises(Unavailable, match="took longer"):
        await command

    assert not runs(child)


async def test_a_command_that_writes_too_much_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="too much is asked for"):
        await Git(tmp_path).run("-c", "alias.much=!yes", "much", most=1000)
