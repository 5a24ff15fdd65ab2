# Everything that is done to this repository more than once. `make help` lists it.

# The Python that makes the virtual environment: 3.10 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLE := sample
WORKERS ?= 2

# An empty environment (`env -i make demo`) has no PATH, and make would find nothing.
export PATH := $(or $(PATH),/usr/local/bin:/usr/bin:/bin)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test_predict lint docs benchmark clean

help: ## List the targets
	@grep -hE '^[a-z_]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(SAMPLE)/model.pkl ## Run the main job on a sample round: a pickle in, a valid submission out
	$(BIN)/python predict.py --model $(SAMPLE)/model.pkl --dataset $(SAMPLE)/live.parquet \
	    --benchmarks $(SAMPLE)/live_benchmark_models.parquet --output_dir $(SAMPLE)

test: $(VENV)/dev-installed ## Run all tests
	$(BIN)/python -m pytest -n $(WORKERS)

test_predict: $(VENV)/dev-installed ## Run the tests of the entrypoint: every flag, every ending
	$(BIN)/python -m pytest -n $(WORKERS) tests/test_predict.py tests/scenarios

lint: $(VENV)/dev-installed ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/dev-installed ## Write the pages that are generated from the code
	$(BIN)/python docs/generate.py

benchmark: $(SAMPLE)/model.pkl ## Measure what a run costs against the plain way
	$(BIN)/python benchmarks/run_against_plain.py

clean: ## Remove the virtual environment and everything that was generated
	rm -rf $(VENV) $(SAMPLE) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo-installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[sample]'
	touch $@

$(VENV)/dev-installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[sample,dev]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/numerapi-2 numerapi==2.20.7
	touch $@

$(SAMPLE)/live.parquet: src/numerai_predict/sample_round.py $(VENV)/demo-installed
	$(BIN)/python -m numerai_predict.sample_round $(SAMPLE)

$(SAMPLE)/model.pkl: examples/train_example_model.py $(SAMPLE)/live.parquet
	$(BIN)/python examples/train_example_model.py $(SAMPLE) $@
