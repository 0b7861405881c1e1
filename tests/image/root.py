"""The Dockerfile built by buildah on a Debian root that mmdebstrap makes: no registry, no container engine."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE = "trixie"
BASE = f"localhost/debian:{SUITE}-slim"
IMAGE = "localhost/watcher:proof"
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*")
"""What Debian's slim images leave out."""

NEEDED = ("mmdebstrap", "buildah", "unshare", "chroot", "mount")


class NotHere(Exception):
    """This machine cannot make the proof; the message says what is missing."""


def check_machine() -> None:
    """Raises NotHere."""
    missing = [each for each in NEEDED if shutil.which(each) is None]
    if missing:
        raise NotHere(f"{', '.join(missing)} not found; on Debian: apt-get install mmdebstrap buildah")
    if os.geteuid() != 0:
        raise NotHere("chroot and bind mounts need root")


def cache() -> Path:
    """Where the base and the layers stay between two runs."""
    return Path(os.environ.get("WATCHER_TOOLS_CACHE", Path.home() / ".cache" / "rollback-watcher")) / "image"


@dataclass(frozen=True)
class Buildah:
    """buildah with a store of its own."""

    store: Path

    def __call__(self, *arguments: str | Path) -> str:
        """Run it; its standard output.  Raises CalledProcessError."""
        own = ("--root", self.store / "store", "--runroot", self.store / "run")
        argv = ["buildah", *map(str, (*own, *arguments))]
        return subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def has(self, image: str) -> bool:
        """Whether the image is in the store."""
        return image in self("images", "--format", "{{.Name}}:{{.Tag}}").splitlines()

    def layers(self, image: str) -> list[tuple[str, int]]:
        """What made each layer, and its size in bytes, oldest first."""
        config = json.loads(self("inspect", "--type", "image", image))
        made = [each["created_by"] for each in config["OCIv1"]["history"] if not each.get("empty_layer")]
        layers = json.loads((self.store / "store" / "overlay-layers" / "layers.json").read_text())
        sizes = {each["diff-digest"]: each["diff-size"] for each in layers if "diff-digest" in each}
        return list(zip(made, [sizes[each] for each in config["OCIv1"]["rootfs"]["diff_ids"]], strict=True))


def build() -> Buildah:
    """The image, from the Dockerfile as it is."""
    buildah = Buildah(cache())
    buildah.store.mkdir(parents=True, exist_ok=True)
    if not buildah.has(BASE):
        _make_base(buildah)
    mounts = [f"--volume={source}:{target}:ro" for source, target in _pip_settings(buildah.store).items()]
    options = ("--pull-never", "--isolation=chroot", "--layers", f"--build-arg=BASE={BASE}", *mounts)
    buildah("bud", *options, f"--tag={IMAGE}", ".")
    return buildah


@contextmanager
def mounted(buildah: Buildah) -> Iterator[Path]:
    """The root of the image as a directory."""
    container = buildah("from", "--pull-never", IMAGE)
    try:
        yield Path(buildah("mount", container))
    finally:
        buildah("rm", container)


def _make_base(buildah: Buildah) -> None:
    left_out = [f"--dpkgopt=path-exclude={each}" for each in LEFT_OUT]
    tar = buildah.store / f"base-{hashlib.sha256(' '.join(left_out).encode()).hexdigest()[:8]}.tar"
    if not tar.exists():
        beside = tar.with_suffix(".new.tar")
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", *left_out, SUITE, beside], check=True)
        beside.rename(tar)
    container = buildah("from", "scratch")
    buildah("add", "--quiet", container, tar, "/")
    buildah("commit", "--quiet", container, BASE)
    buildah("rm", container)


def _pip_settings(directory: Path) -> Mapping[Path, str]:
    """This machine's certificates, where pip has to trust others than its own."""
    certificate = os.environ.get("PIP_CERT")
    if not certificate:
        return {}
    settings = directory / "pip.conf"
    settings.write_text("[global]\ncert = /run/build-ca.pem\n")
    return {settings: "/etc/pip.conf", Path(certificate): "/run/build-ca.pem"}
