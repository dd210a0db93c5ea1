# Stamp files in .venv mark what is done: a second run does only what changed.
# PYTHON=/path/to/python sets the interpreter; the default is the newest of 3.13 to 3.10 that has venv.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# The steps of `check` run in order, so pytest's summary is printed last.
.NOTPARALLEL:
.PHONY: help demo test check bench lint types imports soak servers lock format clean templates \
	provision-prism test-prism provision-flink test-flink

PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3.10 python3)
RUN := .venv/bin/python
WORKERS := 2
# Names of the images and specs of `make templates`, and the specs' destination: a folder, or gs://BUCKET/FOLDER.
IMAGE ?= europe-west1-docker.pkg.dev/my-project/my-repository/shardkeep
TAG ?= 0.1.0
OUT ?= build/templates
INSTALL := $(RUN) -m pip install -q --disable-pip-version-check
# Requirements to build our extensions: a supported version, venv with pip, and the C headers.
HEADER := os.path.join(sysconfig.get_path("include"), "Python.h")
SUITABLE := import ensurepip, os, sys, sysconfig, venv; \
	sys.exit(not ((3, 10) <= sys.version_info[:2] <= (3, 13) and os.path.exists($(HEADER))))
COMPILER := import os, shlex, sysconfig; \
	print(shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0])
SOURCES := $(shell find transforms pipelines -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi')

help: ## Print this help
	@echo "Shardkeep: make TARGET"
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-17s %s\n", $$1, $$2 }'
	@echo "Needed: Python 3.10 to 3.13 with venv and headers, a C compiler, a package index; and for the Bigtable"
	@echo "emulator a Google Cloud SDK, Maven or Go, or BIGTABLE_EMULATOR_HOST. Tests of Cloud Storage, Cloud SQL and Prism need Go"
	@echo "1.25 or newer, those of Flink Java 17 and Maven, those of templates gcloud; without them they are skipped."

demo: .venv/built ## Back up, damage and restore a real Bigtable (emulator) with real data
	@$(RUN) -m docs.demo

test: .venv/built servers ## Run the tests, in WORKERS processes (2), each with servers of its own
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile

check: lint types imports test ## Run all checks, then the tests

bench: .venv/built ## Measure speed and memory side by side with other ways
	@$(RUN) -m benchmarks

soak: .venv/built servers ## Run the long tests
	@$(RUN) -m tests.servers.flink cluster || test -z "$$REQUIRE_ALL"
	@$(RUN) -m pytest -m soak

lint: .venv/installed ## Check style: ruff, its format, cython-lint
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/cython-lint pipelines transforms  # it runs pycodestyle

format: .venv/installed ## Put the Python files in the format that lint wants
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .

types: .venv/built ## Check types: mypy, strict
	$(RUN) -m mypy

imports: .venv/built ## Check who imports whom: import-linter (compiled modules: tests/test_cython_imports.py)
	.venv/bin/lint-imports

lock: .venv/installed ## Renew requirements.lock from setup.py and requirements-dev.in
	@$(INSTALL) uv
	@$(RUN) -m uv pip compile -q --upgrade --universal --python-version 3.10 --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links -o .venv/lock setup.py requirements-dev.in
	@{ sed -n '/^#/p' requirements.lock; sed '/^--/d' .venv/lock; } > .venv/lock.new && mv .venv/lock.new requirements.lock

clean: ## Remove what was made here: .venv, builds, caches (the emulator's cache stays)
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .benchmarks
	find pipelines transforms -name '*.pyx' | sed 's/pyx$$/c/' | xargs rm -f
	find pipelines transforms -name '*.so' -exec rm -f {} +
	find . -name __pycache__ -prune -exec rm -rf {} +

templates: .venv/built ## Renew the templates' metadata and build their specs: IMAGE=, TAG=, OUT=
	@$(RUN) -m templates.metadata --write
	@$(RUN) -m templates.build --image=$(IMAGE) --tag=$(TAG) --out=$(OUT)

# If one of them is missing, the tests that need it are skipped, or fail if REQUIRE_ALL is set.
servers: .venv/built ## Find or make what tests run: emulators of Bigtable and Cloud Storage, Prism, Flink, Cloud SQL's proxy
	@for each in bigtable_emulator gcs_server prism "flink job-server" cloud_sql_program; do \
		$(RUN) -m tests.servers.$$each || test -z "$$REQUIRE_ALL" || exit 1; done

provision-prism: .venv/built ## Find Prism, Beam's engine in Go, and its worker program, or build them
	@$(RUN) -m tests.servers.prism

test-prism: provision-prism ## Run the pipelines on Prism
	@$(RUN) -m pytest tests/engines tests/servers/test_prism.py -k "not flink"

provision-flink: .venv/built ## Find Flink's libraries, of Beam's job server and of a cluster, or fetch them
	@$(RUN) -m tests.servers.flink

test-flink: provision-flink ## Run the pipelines on a small Flink
	@$(RUN) -m pytest tests/engines tests/servers/test_flink.py -k flink

.venv/made:
	@python=""; for each in $(PYTHONS); do \
		if "$$each" -c '$(SUITABLE)' 2> /dev/null; then python="$$each"; break; fi; done; \
	if [ -z "$$python" ]; then \
		echo "No suitable Python among: $(PYTHONS). Shardkeep needs 3.10 to 3.13 with venv, pip and C headers." >&2; \
		echo "Debian, Ubuntu: apt-get install python3 python3-venv python3-dev. One elsewhere: make PYTHON=..." >&2; exit 1; fi; \
	compiler=$$("$$python" -c '$(COMPILER)'); \
	if ! command -v "$$compiler" > /dev/null; then \
		echo "No C compiler: $$compiler is not on the PATH. Debian, Ubuntu: apt-get install gcc libc6-dev. Or set CC." >&2; \
		exit 1; fi; \
	echo "Making .venv with $$("$$python" -V)" && rm -rf .venv && "$$python" -m venv .venv
	@touch $@

.venv/installed: .venv/made requirements.lock
	@echo "Installing the packages of requirements.lock into .venv (a minute or two)"
	@$(INSTALL) -r requirements.lock
	@touch $@

.venv/linked: .venv/installed setup.py
	@echo "Building Shardkeep and linking it into .venv"
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/built: .venv/linked $(SOURCES)
	@echo "Building the compiled modules"
	@$(RUN) setup.py -q build_ext --inplace
	@touch $@
