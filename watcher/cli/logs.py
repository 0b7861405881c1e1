"""Log lines: JSON where programs read them, plain text on a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from watcher.adapters.notify.silence import Silence


def configure(form: str, level: str) -> None:
    """Send structlog's and the standard library's records to stderr as `json` or `console` (`auto`: by terminal)."""
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    _configure(logging.StreamHandler(sys.stderr), level, as_json=as_json)


def configure_file(path: Path) -> None:
    """Send all records to a file, as JSON."""
    _configure(logging.FileHandler(path), "info", as_json=True)


@contextmanager
def silenced() -> Iterator[None]:
    """Log nothing meanwhile: for commands whose answer says what went wrong."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def _configure(handler: logging.Handler, level: str, *, as_json: bool) -> None:
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.dict_tracebacks if as_json else structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler.setFormatter(formatter)
    handler.addFilter(Silence())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("httpx").setLevel(logging.WARNING)  # one line a query is no news
