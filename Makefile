# The project's task runner: each recipe works in the virtual environment .venv, which `make setup` makes.
# CONTRIBUTING.md says what each is for.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup build test slow lint format types stubs reference neighbours check wheel bench bench-ops clean

setup:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install "setuptools>=82.0.1" "numba>=0.62,<0.69" "numpy>=1.26"
	$(BIN)/pip install --no-build-isolation --editable ".[lint]"

build:
	$(BIN)/pip install --no-build-isolation --no-deps --editable .

test:
	$(BIN)/python -m pytest -n auto

slow:
	$(BIN)/python -m pytest -n auto -m slow

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types:
	$(BIN)/mypy

stubs:
	$(BIN)/python -m aotops.aot.pack.stubs
	$(BIN)/python -m aotops.aot.pack.reference

reference: stubs

neighbours:
	$(BIN)/pip install scipy scikit-learn array-api-compat
	$(BIN)/python tools/neighbours.py

check: lint types test

wheel:
	$(BIN)/pip wheel --no-deps --wheel-dir dist .

bench:
	$(BIN)/aotops bench cold-start

bench-ops:
	$(BIN)/python -m benchmarks.ops

clean:
	rm -rf build dist wheelhouse src/*.egg-info src/aotops/*.so .mypy_cache .pytest_cache .ruff_cache
