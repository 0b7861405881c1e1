"""Commands that render are kept short, poor and alone."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from watcher.adapters.manifests.commands import Commands, NotRendered, output, without_credentials
from watcher.adapters.manifests.yaml_documents import LARGEST

PARENT = """
import os, time
pipe = open("pipe", "wb", buffering=0)
os.fork()
pipe.write(b"x")
time.sleep(600)
"""
"""Both processes hold the pipe open for as long as they live."""


def python(source: str) -> tuple[str, ...]:
    return sys.executable, "-I", "-c", source


async def run(source: str, at: Path, seconds: float = 60) -> bytes:
    return await output(python(source), at, at, seconds)


async def test_nothing_of_the_environment_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHER_SECRET", "secret")
    seen = (await run("import os; print(sorted(os.environ))", tmp_path)).decode()
    assert "WATCHER_SECRET" not in seen
    assert "KUBECONFIG" not in seen
    assert "https_proxy" in seen


async def test_it_finds_no_other_commands_and_a_home_of_its_own(tmp_path: Path) -> None:
    source = "import os, shutil; print(shutil.which('git'), os.environ['HOME'] == os.getcwd())"
    assert await run(source, tmp_path) == b"None True\n"


async def test_a_failure_tells_the_end_of_its_complaint(tmp_path: Path) -> None:
    with pytest.raises(NotRendered, match=r"failed: \.\.\. x+ the cause$"):
        await run("import sys; sys.exit('x' * 1000 + ' the\\n cause')", tmp_path)
    with pytest.raises(NotRendered, match=r"failed: exit code 3$"):
        await run("import sys; sys.exit(3)", tmp_path)
    with pytest.raises(NotRendered, match="cannot be started: No such file"):
        await output([str(tmp_path / "gone")], tmp_path, tmp_path)


async def test_too_much_output_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(NotRendered, match="wrote more than 16 MiB"):
        await run(f"print('x' * {LARGEST + 1})", tmp_path)


async def test_too_much_memory_is_not_had(tmp_path: Path) -> None:
    with pytest.raises(NotRendered, match="MemoryError"):
        await run("import time; time.sleep(0.2); x = bytearray(3 << 30)", tmp_path)


async def test_it_is_ended_with_its_children_after_its_time(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    written = asyncio.create_task(asyncio.to_thread((tmp_path / "pipe").read_bytes))
    with pytest.raises(NotRendered, match="took longer than 2 s, and was ended"):
        await run(PARENT, tmp_path, seconds=2)
    os.close(os.open(tmp_path / "pipe", os.O_RDWR))  # for a reader that still waits for somebody to write
    assert await written == b"xx"


async def test_it_is_ended_with_its_children_when_nobody_waits_any_more(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    task = asyncio.create_task(run(PARENT, tmp_path))
    pipe = await asyncio.to_thread((tmp_path / "pipe").open, "rb", 0)
    with pipe:
        assert await asyncio.to_thread(pipe.read, 1) == b"x"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(pipe.read) in (b"", b"x")


def test_what_is_on_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Commands.on_path() == Commands()
    for name in ("helm", "kubectl"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    assert Commands.on_path() == Commands((str(tmp_path / "kubectl"), "kustomize"), str(tmp_path / "helm"))
    (tmp_path / "kustomize").write_text("")
    (tmp_path / "kustomize").chmod(0o755)
    assert Commands.on_path().kustomize == (str(tmp_path / "kustomize"), "build")


def test_no_password_is_told() -> None:
    assert without_credentials("fetch https://me:secret@host/x of git::ssh://git@host") == (
        "fetch https://host/x of git::ssh://host"
    )
