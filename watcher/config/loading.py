"""Reading a thresholds file: everything that is wrong with it at once, or what it says."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from watcher.config import fingerprints
from watcher.config.document import Document
from watcher.config.problems import ConfigError
from watcher.config.rules_checks import report_checks
from watcher.config.rules_flags import report_flags
from watcher.config.rules_freezes import report_freezes
from watcher.config.rules_gitops import report_gitops
from watcher.config.rules_notifications import report_notifications
from watcher.config.rules_services import report_services, report_top
from watcher.config.rules_sources import report_sources
from watcher.config.thresholds import Thresholds, thresholds
from watcher.config.validation import validated


def load(path: str | Path) -> Thresholds:
    """Read a thresholds file.  Raises ConfigError with all its problems."""
    content, found = fingerprints.read(path)
    return _loaded(content, str(path), found)


def loads(content: str | bytes, file: str = "thresholds.yaml") -> Thresholds:
    """Read thresholds that are not in a file; `file` is what problems call it.  Raises ConfigError."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return _loaded(data, file, fingerprints.Fingerprint(file, sha256(data).hexdigest(), 0, len(data)))


def _loaded(content: bytes, file: str, found: fingerprints.Fingerprint) -> Thresholds:
    document = Document(content, file)
    spec = validated(document)
    report_top(document)
    report_sources(document, spec)
    report_checks(document, spec)
    report_services(document, spec)
    report_freezes(document, spec)
    report_notifications(document, spec)
    report_gitops(document, spec)
    report_flags(document, spec)
    document.report_ambiguous()
    if document.problems:
        raise ConfigError(document.problems)
    return thresholds(document, spec, found, str(Path(file).absolute().parent))
