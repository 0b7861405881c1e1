# The two commands: `make demo` and `make test`. Everything is set up in .venv on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.ready-bench

.PHONY: setup demo test lint types layers check prove e2e e2e-tools lock schema chart dashboard image image-root bench bench-full clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "watcher needs Python 3.11 or newer; choose one with: make PYTHON=/path/to/python3.11")'
	@echo 'Setting up .venv; once, and it may take some minutes.'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

demo: setup
	$(BIN)/watcher demo

test: setup
	$(BIN)/pytest -q --numprocesses auto

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

check: lint types layers test

# Random histories keep the invariants, and the proof fails without any one of its parts; PROVE: how many histories.
PROVE ?= 10000

prove: setup
	$(BIN)/python -m tests.prove run --histories $(PROVE)
	$(BIN)/python -m tests.prove mutations

e2e-tools: setup
	$(PYTHON) tests/e2e/build_tools.py

# With the packages of the benchmark: the models of the rivals are held to the real tools, and their own tests are run.
e2e: e2e-tools $(BENCH_READY)
	$(BIN)/pytest -q tests/benchmarks
	WATCHER_E2E=require $(BIN)/pytest -m e2e

# The benchmark of the judge: `bench` takes about a quarter of an hour on two cores, `bench-full` half a day; both go on where they were.
$(BENCH_READY): $(READY) requirements.bench.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.bench.lock
	touch $(BENCH_READY)

bench: $(BENCH_READY)
	$(BIN)/python -m benchmarks.judge run --size short
	$(BIN)/python -m benchmarks.judge report --size short

bench-full: $(BENCH_READY)
	$(BIN)/python -m benchmarks.judge run --size full
	$(BIN)/python -m benchmarks.judge report --size full

COMPILE := uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

lock:
	$(COMPILE) --extra dev --output-file requirements.lock pyproject.toml requirements.build.in
	$(COMPILE) --extra bench --constraint requirements.lock --output-file requirements.bench.lock pyproject.toml
	$(COMPILE) --constraint requirements.lock --output-file requirements.runtime.lock pyproject.toml
	$(COMPILE) --constraint requirements.lock --output-file requirements.image.lock requirements.image.in

# What follows from the models of the thresholds file, from values.yaml and from the alert rules.
schema: setup
	$(BIN)/watcher schema > config/thresholds.schema.json
	$(BIN)/python -m helm.generate

# What Helm makes of the chart, as it is kept for the tests.
chart: e2e-tools schema
	$(BIN)/python -m tests.chart.render

# What follows from the daemon's metrics.
dashboard: setup
	$(BIN)/python -m config.dashboard > config/dashboard.json
	$(BIN)/python -m helm.generate

# The container image, with docker, podman or buildah; IMAGE names it, BASE its base (better with a digest).
IMAGE ?= watcher:dev
BASE ?= debian:trixie-slim
BUILDER ?= $(firstword $(foreach each,docker podman buildah,$(if $(shell command -v $(each)),$(each))))

image:
	$(BUILDER) build --build-arg BASE=$(BASE) --build-arg REVISION=$$(git rev-parse HEAD) \
	  --build-arg VERSION=$$(sed -n 's/__version__ = "\(.*\)"/\1/p' watcher/__init__.py) --tag $(IMAGE) .

# The same Dockerfile without a registry: built on a Debian root made here, run read-only under its uid.  Needs root.
image-root: setup
	$(BIN)/python -m tests.image.prove

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
