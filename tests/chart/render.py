"""Renders the variants: ``python -m tests.chart.render`` writes what is kept of them, with the Helm that was built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.chart.variants import CHART, KUBERNETES, NAMESPACE, REHEARSALS, RELEASE, VARIANTS, Variant
from tests.e2e.build_tools import installed_tools


def template(helm: Path, variant: Variant, *more: str) -> str:
    """What ``helm template`` prints, without the empty line that Helm 4 puts between documents.

    Raises AssertionError with Helm's complaint.
    """
    argv = [str(helm), "template", RELEASE, str(CHART), f"--namespace={NAMESPACE}", f"--kube-version={KUBERNETES}"]
    argv += [f"--values={file}" for file in variant.files] + [f"--api-versions={api}" for api in variant.apis]
    return run(*argv, *more).replace("\n\n---\n", "\n---\n").rstrip("\n") + "\n"


def run(*argv: str) -> str:
    """What a command prints. Raises AssertionError with its complaint."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


def main() -> None:
    """Write them all."""
    tools = installed_tools()
    if tools is None:
        sys.exit("Helm is not built; run: make e2e-tools")
    for variant in (*VARIANTS, REHEARSALS):
        variant.rendered.parent.mkdir(exist_ok=True)
        variant.rendered.write_text(template(tools["helm4"], variant))


if __name__ == "__main__":
    main()
