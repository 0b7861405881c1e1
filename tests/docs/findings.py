"""The catalogue of findings as the documentation has it.  `python -m tests.docs.findings` writes it into the page."""

from __future__ import annotations

import contextlib
import io
import re
import textwrap

from tests.docs.pages import ROOT
from tests.doctor.healthy import CART, check, facts, workload
from watcher.cli.doctor_page import show
from watcher.core.model import Workload
from watcher.core.words import Kind as WorkloadKind
from watcher.doctor.examine import CATALOGUE, examine
from watcher.doctor.facts import Container, Probe
from watcher.doctor.finding import Kind

PAGE = ROOT / "docs" / "doctor.md"
BEGIN = "<!-- findings, by python -m tests.docs.findings -->"
SAMPLE = "```text sample"
END = "<!-- end of findings -->"
_NAME = re.compile(r"\$(\w+)")


def section(kind: Kind) -> str:
    """One finding: heading, severity, what, why and what to do; what is filled in stands in capitals."""
    parts = {
        "Severity": f"{kind.severity}.",
        "What": _shown(kind.what),
        "Why": kind.why,
        "What to do": _shown(kind.mend),
    }
    return "\n".join([f"### `{kind.id}`", "", *(_item(name, text) for name, text in parts.items())])


def catalogue() -> str:
    """All findings in the order in which they are declared."""
    return "\n\n".join(section(kind) for kind in CATALOGUE.values())


def sample() -> str:
    """What the command prints of a small shop: one service without fault, one that is spoilt."""
    spoilt = workload(
        Workload(WorkloadKind.DEPLOYMENT, "shop", "search"),
        history_limit=0,
        containers=(Container("app", "shop/search:latest", "Always", Probe()),),
    )
    checks = (check(users=(CART, spoilt.workload)),)
    report = examine(facts(workload(), spoilt, checks=checks))
    page = io.StringIO()
    with contextlib.redirect_stdout(page):
        show(report)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _shown(text: str) -> str:
    filled = _NAME.sub(lambda match: match[1].upper(), text)
    return filled if filled.endswith(".") else f"{filled}."


def _item(name: str, text: str) -> str:
    return textwrap.fill(
        f"- **{name}:** {text}", 119, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def main() -> None:
    """Write the catalogue into the page."""
    text = PAGE.read_text()
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    head, _, rest = before.partition(SAMPLE)
    tail = rest.partition("\n```\n")[2]
    before = f"{head}{SAMPLE}\n{sample()}\n```\n{tail}"
    PAGE.write_text(f"{before}{BEGIN}\n\n{catalogue()}\n\n{END}{after}")


if __name__ == "__main__":
    main()
