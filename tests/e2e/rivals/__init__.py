"""The models of the rivals (benchmarks/judge/rivals) beside what they are models of.

They need numpy. `make e2e` installs it and then must find it; elsewhere these tests are skipped without it.
"""

import os

import pytest

if os.environ.get("WATCHER_E2E") != "require":
    pytest.importorskip("numpy", reason="the benchmarks need numpy; run: make e2e")
