# Everything that is done to this repository more than once. `make help` lists it.

# The Python that makes the virtual environment: 3.10 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLE := sample
WORKERS ?= 2

# An empty environment (`env -i make demo`) has no PATH, and make would find nothing.
export PATH := $(or $(PATH),/usr/local/bin:/usr/bin:/bin)

# The Pythons are the py3.* directories, and nothing else lists them: 3_10 3_11 ...
MINORS := $(shell printf '%s\n' $(patsubst py3.%,%,$(wildcard py3.*)) | sort -n)
VERSIONS := $(MINORS:%=3_%)
NEWEST := $(lastword $(MINORS))

# docker or podman, whichever answers. Only the targets that need one ask.
ENGINE = $(shell for engine in docker podman; do $$engine info > /dev/null 2>&1 && echo $$engine && break; done)
NAME := numerai_predict_py
GIT_REF := $(shell git rev-parse --short HEAD 2> /dev/null)
AWS_REGION ?= us-west-2
ECR = $(or $(ACCOUNT_ID),$(error set ACCOUNT_ID, the number of the AWS account)).dkr.ecr.$(AWS_REGION).amazonaws.com
BUILD_ARGS ?=

TESTS := $(VERSIONS:%=test_%)
BUILDS := $(VERSIONS:%=build_%)
PUSHES_LATEST := $(VERSIONS:%=push_latest_%)
PUSHES_STABLE := $(VERSIONS:%=push_stable_%)
LOCKS := $(VERSIONS:%=lock_%)
ENVIRONMENTS := $(VERSIONS:%=env_%)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test_predict test_environments test_libraries test_corpus test_versions lint docs docs_check dockerfiles benchmark clean versions \
    versions.json build build_shell test_images push_latest push_stable add_python_version $(TESTS) $(BUILDS) $(PUSHES_LATEST) $(PUSHES_STABLE) $(LOCKS) \
    $(ENVIRONMENTS)

help: ## List the targets
	@sed -nE 's/^([a-z_.]+|\$$\(([A-Z_]+)\)):.*## (.*)/\1\t\3/p' $(MAKEFILE_LIST) \
	    | sed -e 's/$$(TESTS)/test_3_XX/' -e 's/$$(BUILDS)/build_3_XX/' -e 's/$$(PUSHES_LATEST)/push_latest_3_XX/' \
	        -e 's/$$(PUSHES_STABLE)/push_stable_3_XX/' -e 's/$$(LOCKS)/lock_3_XX/' -e 's/$$(ENVIRONMENTS)/env_3_XX/' \
	    | expand -t 24
	@echo "3_XX: $(VERSIONS)"

versions: ## List the Pythons that have a directory
	@printf '%s\n' $(MINORS:%=3.%)

versions.json: ## The same as a matrix for workflows, in the two forms that they need
	@printf '[%s]\n' "$$(for minor in $(MINORS); do printf '{"version":"3.%s","target":"3_%s","image":"3{0}%s"}\n' \
	    $$minor $$minor $$minor; done | paste -sd,)"

demo: $(SAMPLE)/model.pkl ## Run the main job on a sample round: a pickle in, a valid submission out
	$(BIN)/python predict.py --model $(SAMPLE)/model.pkl --dataset $(SAMPLE)/live.parquet \
	    --benchmarks $(SAMPLE)/live_benchmark_models.parquet --output_dir $(SAMPLE)

test: $(VENV)/dev-installed $(VENV)/poetry-installed ## Run all tests
	$(BIN)/python -m pytest -n $(WORKERS)

test_predict: $(VENV)/dev-installed ## Run the tests of the entrypoint: every flag, every ending
	$(BIN)/python -m pytest -n $(WORKERS) tests/test_predict.py tests/scenarios

$(TESTS): test_3_%: $(VENV)/dev-installed ## Run that Python's two pickles through the whole program, in its environment
	$(BIN)/python tools/try_environment.py 3.$*

test_environments: $(VENV)/dev-installed ## Install every full lock in turn, try imports and pickles; needs 25 GB of disk
	for minor in $(MINORS); do $(BIN)/python tools/try_environment.py 3.$$minor --full || exit 1; $(BIN)/uv cache clean -q; done

test_images: $(VENV)/dev-installed ## Build every image with what the pickles need, and try these in it in two ways
	for minor in $(MINORS); do $(BIN)/python tools/try_environment.py 3.$$minor --core || exit 1; done

test_libraries: $(VENV)/dev-installed ## Run a model of every library confined and free, with Python 3.12's lock; needs 16 GB of disk
	$(BIN)/python tools/try_libraries.py

test_corpus: $(VENV)/dev-installed ## Load pickles made with other pins in an environment: VERSION=3.XX PINS=requirements.txt
	$(BIN)/python tools/pickle_corpus.py $(or $(VERSION),$(error say which: VERSION=3.XX)) \
	    $(or $(PINS),$(error say with which pins they are made: PINS=requirements.txt))

test_versions: $(VENV)/dev-installed ## Run pickles made with other versions of libraries and of Python; needs 8 GB of disk
	$(BIN)/python tools/other_versions.py

lint: $(VENV)/dev-installed ## Check style, types, generated files, Dockerfiles and workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/dockerfiles.py --check
	$(BIN)/hadolint --ignore DL3008 py3.*/Dockerfile shell/Dockerfile  # no pins for apt: Debian keeps no old versions
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*
	$(BIN)/zizmor --offline --quiet .github/workflows

build: $(BUILDS) ## Build every image

$(BUILDS): build_3_%: ## Build that Python's image
	$(or $(ENGINE),$(error no container engine answers)) build $(BUILD_ARGS) --build-arg GIT_REF=$(GIT_REF) \
	    -t $(NAME)_3_$*:latest -t $(NAME)_3_$*:$(GIT_REF) -f py3.$*/Dockerfile .

build_shell: ## Build the container in which the tests run
	$(or $(ENGINE),$(error no container engine answers)) build $(BUILD_ARGS) -t numerai_predict_shell:latest -f shell/Dockerfile .

push_latest: $(PUSHES_LATEST) ## Push every image to ECR as latest

push_stable: $(PUSHES_STABLE) ## Push every image to ECR as stable

$(PUSHES_LATEST): push_latest_3_%: build_3_% ## Push that Python's image to ECR as latest and by its commit
	for tag in latest $(GIT_REF); do \
	    $(ENGINE) tag $(NAME)_3_$*:latest $(ECR)/$(NAME)_3_$*:$$tag && $(ENGINE) push $(ECR)/$(NAME)_3_$*:$$tag || exit 1; \
	done

$(PUSHES_STABLE): push_stable_3_%: build_3_% ## Push that Python's image to ECR as stable
	$(ENGINE) tag $(NAME)_3_$*:latest $(ECR)/$(NAME)_3_$*:stable
	$(ENGINE) push $(ECR)/$(NAME)_3_$*:stable

$(LOCKS): lock_3_%: $(VENV)/poetry-installed ## Lock that Python's packages anew, and export requirements.txt
	sh tools/lock.sh $(CURDIR)/$(VENV)/poetry py3.$*

$(ENVIRONMENTS): env_3_%: $(VENV)/dev-installed ## Make a virtual environment with that Python's whole lock
	$(BIN)/numerai-predict env create 3.$* --full --folder $(VENV)-3.$*

add_python_version: $(VENV)/dev-installed ## Make the directory of a new Python: VERSION=3.XX
	$(BIN)/python tools/add_python_version.py $(or $(VERSION),$(error say which: VERSION=3.XX))
	@echo "Now: make lock_$(subst .,_,$(VERSION)), then $(BIN)/python tests/generate_pkl.py --version $(VERSION)"

dockerfiles: $(VENV)/dev-installed ## Write every Dockerfile from the template
	$(BIN)/python tools/dockerfiles.py

docs: $(VENV)/dev-installed ## Write the pages that are generated from the code
	$(BIN)/python docs/generate.py

docs_check: $(VENV)/dev-installed ## Write the examples of docs/check.md: it runs every one, in environments of its own
	$(BIN)/python docs/check_examples.py

benchmark: $(SAMPLE)/model.pkl ## Measure what a run costs against the plain way
	$(BIN)/python benchmarks/run_against_plain.py
	$(BIN)/python benchmarks/confinement.py
	$(BIN)/python benchmarks/inspect_pickles.py

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

# Apart from everything else: Poetry brings fifty packages along.
$(VENV)/poetry-installed: | $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)/poetry
	$(VENV)/poetry/bin/pip install --quiet --disable-pip-version-check poetry==2.5.1 poetry-plugin-export==1.10.1
	touch $@

$(SAMPLE)/live.parquet: src/numerai_predict/sample_round.py $(VENV)/demo-installed
	$(BIN)/python -m numerai_predict.sample_round $(SAMPLE)

$(SAMPLE)/model.pkl: examples/train_example_model.py $(SAMPLE)/live.parquet
	$(BIN)/python examples/train_example_model.py $(SAMPLE) $@
