"""What must hold of the Dockerfile, read as it is; `make image-root` builds and runs it."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.docs.pages import ROOT

TEXT = (ROOT / "Dockerfile").read_text()
LINES = [
    " ".join(line.split())
    for line in re.sub(r"\\\n", " ", "\n".join(each for each in TEXT.splitlines() if each[:1] != "#")).splitlines()
    if line.strip()
]
STEPS = [tuple(line.split(" ", 1)) for line in LINES]
LAST_STAGE = STEPS[max(index for index, (word, _) in enumerate(STEPS) if word == "FROM") :]


def steps(word: str) -> list[str]:
    return [rest for found, rest in STEPS if found == word]


def last(word: str) -> str:
    return [rest for found, rest in LAST_STAGE if found == word][-1]


def test_both_stages_begin_with_the_base_that_can_be_pinned() -> None:
    assert steps("ARG")[0].startswith("BASE=")
    assert [each.split()[0] for each in steps("FROM")] == ["${BASE}"] * 2


def test_everything_that_is_installed_has_a_hash() -> None:
    installs = [part for run in steps("RUN") for part in run.split("&&") if " install --quiet" in part]
    assert len(installs) == 3
    for each in installs:
        assert "--require-hashes --only-binary :all:" in each or "--no-deps" in each
    for name in ("requirements.runtime.lock", "requirements.image.lock"):
        pinned = re.findall(
            r"^[a-z0-9].*?(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", (ROOT / name).read_text(), re.MULTILINE
        )
        assert len(pinned) == len(re.findall(r"^[a-z0-9]", (ROOT / name).read_text(), re.MULTILINE)) > 10


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,-]+\])?==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


def test_the_image_has_what_was_tested() -> None:
    """The same versions as in the environment of the tests, and everything that watcher depends on: `make lock`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[><=~\[]", each)[0] for each in project["dependencies"]}
    runtime = pins("requirements.runtime.lock")
    assert needed <= runtime.keys()
    assert runtime.items() <= pins("requirements.lock").items()


def test_nothing_that_builds_or_tests_is_in_the_locks_of_the_image() -> None:
    runtime = re.findall(r"^([a-z0-9-]+)", (ROOT / "requirements.runtime.lock").read_text(), re.MULTILINE)
    assert not {"pytest", "mypy", "ruff", "hatchling", "hypothesis", "pip", "setuptools", "matplotlib"} & set(runtime)


def test_it_runs_as_nobody_and_is_ended_in_order() -> None:
    assert last("USER") == "65532:65532"
    assert json.loads(last("ENTRYPOINT")) == ["watcher"]
    assert json.loads(last("CMD")) == ["run"]
    assert last("STOPSIGNAL") == "SIGTERM"


def test_ssh_knows_the_user_it_runs_as() -> None:
    """It refuses to run under a uid that has no line in /etc/passwd."""
    (run,) = [rest for word, rest in LAST_STAGE if word == "RUN"]
    assert {"git", "openssh-client", "openssl"} <= set(run.split("&&")[1].split())
    (entry,) = re.findall(r"echo '(\S+)' >> /etc/passwd", run)
    home = re.search(r"\bHOME=(\S+)", last("ENV"))
    assert home is not None
    assert entry.split(":")[2:6] == [*last("USER").split(":"), "", home[1]]


def test_what_is_copied_is_there_and_not_kept_from_the_build() -> None:
    """And nothing else is sent to it."""
    copied = [name for rest in steps("COPY") if "--from" not in rest for name in rest.split()[:-1]]
    patterns = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {each[1:] for each in patterns if each.startswith("!")}
    assert patterns[1] == "*"
    assert set(copied) == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_the_chart_runs_what_the_image_has() -> None:
    deployment = (ROOT / "helm" / "watcher" / "templates" / "deployment.yaml").read_text()
    store = re.search(r"WATCHER_STORE=(\S+)", last("ENV"))
    assert store is not None
    assert f"value: {store[1]}" in deployment
    assert "command: [watcher, run]" in deployment


SEE = """
import asyncio, importlib, pkgutil, sys
import watcher
from watcher.adapters.kubernetes.client import Client
for each in pkgutil.walk_packages(watcher.__path__, "watcher."):
    importlib.import_module(each.name)
async def connect():
    client = await Client.connect(sys.argv[1], "")
    await client.close()
asyncio.run(connect())
import kubernetes.aio.client.rest, prometheus_api_client
print("\\n".join(name for name in sys.modules if name.startswith("kubernetes.")))
"""


def test_what_is_left_out_is_never_imported(tmp_path: Path) -> None:
    """The generated models and endpoints of the Kubernetes client."""
    left_out = re.findall(r"-path '([^']+)'", " ".join(steps("RUN")))
    assert len(left_out) == 2
    kubeconfig = tmp_path / "kubeconfig"
    cluster = {"name": "a", "cluster": {"server": "http://127.0.0.1:9"}}
    context = {"name": "a", "context": {"cluster": "a", "user": "a"}}
    user = {"name": "a", "user": {"token": "t"}}
    content = {"clusters": [cluster], "contexts": [context], "users": [user], "current-context": "a"}
    kubeconfig.write_text(json.dumps(content))
    done = subprocess.run([sys.executable, "-c", SEE, str(kubeconfig)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = [f"/x/{name.replace('.', '/')}.py" for name in done.stdout.split()]
    assert "/x/kubernetes/aio/client/rest.py" in files
    imported = [each for each in files for pattern in left_out if fnmatch.fnmatch(each, pattern)]
    assert imported == []
