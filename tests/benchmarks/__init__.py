"""Tests of the benchmarks, which need numpy beside what watcher itself needs."""

import pytest

pytest.importorskip("numpy", reason="the benchmarks need numpy")
