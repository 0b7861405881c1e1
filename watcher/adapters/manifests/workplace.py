"""Directories for the time that something takes."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from watcher.ports import Unavailable


@asynccontextmanager
async def workplace() -> AsyncIterator[Path]:
    """An empty directory that is gone afterwards, whatever happens.  Raises Unavailable where none can be made."""
    try:
        made = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="watcher-manifests-"))
    except OSError as error:
        raise Unavailable(f"no temporary directory can be made: {error.strerror}; is the disk full?") from None
    try:
        yield made
    finally:
        await asyncio.to_thread(shutil.rmtree, made, ignore_errors=True)
