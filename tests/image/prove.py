"""Shows that the image works: `make image-root`.

Builds the Dockerfile as it is, on a Debian root made here in place of the base that would be pulled; then runs the
daemon in it under its uid with a read-only root, and every command.  Prints what it measured.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.image.daemon import UID, Pod, forget_pages
from tests.image.outside import outside
from tests.image.root import IMAGE, ROOT, Buildah, NotHere, build, check_machine, mounted
from watcher.cli.application import COMMANDS

PORT = 18653
EXAMPLE = "canary"
CART = "Deployment/shop/cart"
SEVERITIES = frozenset({0, 1, 6})
"""Exit codes of `watcher doctor`: it did its work, whatever it found."""

QUICK = 3.0
"""Seconds of processor time from the start to ready, at the most."""


def say(text: str) -> None:
    """A line of the report."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Prove it.  Exit code 0: it works; 1: it does not, with what is wrong; 77: not on this machine."""
    try:
        check_machine()
    except NotHere as error:
        say(f"skipped: {error}")
        raise SystemExit(77) from error
    buildah = build()
    tell_sizes(buildah)
    with mounted(buildah) as root, tempfile.TemporaryDirectory(prefix="watcher-image-") as place:
        pod = prepare(buildah, root, Path(place))
        with outside(pod.config):
            starts(pod)
            commands(pod)
    say("The image works.")


def tell_sizes(buildah: Buildah) -> None:
    """The layers, unpacked."""
    layers = buildah.layers(IMAGE)
    for number, (made, size) in enumerate(layers):
        say(f"{size / 1e6:8.1f} MB  {_layer(made) if number else 'the base'}")
    say(f"{sum(size for _, size in layers) / 1e6:8.1f} MB  together, unpacked")


def _layer(made: str) -> str:
    """The step of the Dockerfile that made a layer, in short."""
    words = made.removeprefix("/bin/sh -c ").removeprefix("#(nop) ").split()
    return "COPY --from=build /opt/watcher" if words[0] == "COPY" else f"RUN {' '.join(words)}"[:100]


def prepare(buildah: Buildah, root: Path, place: Path) -> Pod:
    """Its volume, belonging to its uid, and its configuration, that it may read."""
    place.chmod(0o755)
    data, config = place / "data", place / "config"
    data.mkdir()
    config.mkdir()
    shutil.chown(data, UID, UID)
    examples = ROOT / "examples" / "recordings"
    shutil.copytree(examples / EXAMPLE, config / "examples" / EXAMPLE)
    shutil.copy(examples / "thresholds.yaml", config / "examples")
    image = json.loads(buildah("inspect", "--type", "image", IMAGE))["OCIv1"]["config"]
    assert image["User"] == f"{UID}:{UID}"
    assert image["Entrypoint"] == ["watcher"]
    assert image["StopSignal"] == "SIGTERM"
    assert json.loads((root / "opt/watcher/sbom.json").read_text())["bomFormat"] == "CycloneDX"
    assert not list(root.glob("opt/build")), "what builds stays behind"
    return Pod(root, data, config, tuple(image["Env"]))


def starts(pod: Pod) -> None:
    """Cold and warm; who it is; that SIGTERM ends it in order."""
    forget_pages(pod.root)
    waited, worked, resident = [], [], 0.0
    for _ in range(4):
        with pod.running(PORT) as (process, seconds):
            waited.append(seconds)
            worked.append(cpu_seconds(process.pid))
            resident = check_process(process.pid)
        assert process.returncode == 0, f"SIGTERM ended it with {process.returncode}"
    cold, *warm = waited
    say(
        f"Start to ready: {cold:.1f} s with cold pages, {min(warm):.1f} to {max(warm):.1f} s warm; "
        f"of that {min(worked):.1f} s of processor time; {resident:.0f} MB resident"
    )
    assert min(worked) < QUICK, f"more than {QUICK:.0f} s of processor time"


def check_process(pid: int) -> float:
    """It is nobody and may do nothing; returns its resident memory in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["Uid"].split() == status["Gid"].split() == [str(UID)] * 4
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    return int(status["VmRSS"].split()[0]) / 1024


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far; unlike the time it took, the same on a busy machine."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def commands(pod: Pod) -> None:
    """Every command says its help; those that can be of use without a person are used."""
    for name in COMMANDS:
        expect(pod, name, "--help")
    for tool in (("git", "--version"), ("ssh", "-V"), ("openssl", "version")):  # ssh wants to know its user
        code, said = pod.call(*tool)
        assert code == 0, f"{' '.join(tool)} ended with {code}: {said}"
        say(said.strip())
    now = datetime.now(UTC)
    span = ("--from", f"{now - timedelta(seconds=40):%FT%TZ}", "--to", f"{now:%FT%TZ}")
    by_itself = (
        ("check", "/etc/watcher/thresholds.yaml", "--prometheus"),
        ("schema",),
        ("explain", CART),
        ("replay", f"/etc/watcher/examples/{EXAMPLE}"),
        ("record", CART, *span, "/var/lib/watcher/recording"),
    )
    beside_the_daemon = (("status",), ("why", CART), ("decisions", "list"), ("releases",))
    for command in by_itself:
        expect(pod, *command)
    expect(pod, "doctor", "--config", "/etc/watcher/thresholds.yaml", codes=SEVERITIES)
    with pod.running(PORT):
        for command in beside_the_daemon:
            expect(pod, *command, "--server", f"http://127.0.0.1:{PORT}")
    assert pod.call("touch", "/opt/watcher/written")[0] != 0, "the root can be written"
    used = len(by_itself) + len(beside_the_daemon) + len(("run", "doctor"))
    say(f"{len(COMMANDS)} commands say their help, {used} do their work; the root cannot be written.")


def expect(pod: Pod, *command: str, codes: frozenset[int] = frozenset({0})) -> None:
    """Run a command of watcher.  Raises AssertionError with what it said."""
    found, said = pod.call("watcher", *command)
    assert found in codes, f"watcher {' '.join(command)} ended with {found}:\n{said[-3000:]}"


if __name__ == "__main__":
    try:
        main()
    except (AssertionError, subprocess.CalledProcessError) as error:
        say(f"The image does not work: {error}")
        raise SystemExit(1) from error
