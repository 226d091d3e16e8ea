# Everything a person or CI runs. `make demo` and `make test` need python3 (3.11 or later, with
# venv), make and git; the rest installs itself into .venv, every file checked against its hash.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header pyproject.toml

# Some tests use packages from npm; without npm they are skipped. npm writes this file last: a folder
# without it is not complete.
NODE_MODULES := tests/node_modules/.package-lock.json

WORKFLOWS := $(wildcard .github/workflows/*.yml digest/cli/starter/.github/workflows/*.yml)

.PHONY: demo pages test soak bench lint workflows format lock clean

demo: $(VENV)/runtime  ## the whole run on the sample feed, without a key
	@$(BIN)/python -m digest demo

pages: $(VENV)/dev  ## a site of made days, one of them judged by a model, to look at
	@$(BIN)/python -m tests.site build/pages

test: $(VENV)/dev $(if $(shell command -v npm),$(NODE_MODULES))  ## every test, as many at a time as there are cores
	$(BIN)/python -m pytest --numprocesses $(if $(UPDATE_GOLDEN),0,auto) --dist worksteal $(ARGS)

# Hours: simulated years, 200 kills, more examples of each property, a fuzzer, all cases.
soak: $(VENV)/dev $(if $(shell command -v npm),$(NODE_MODULES))  ## what takes too long for every change
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal \
		-m "soak or hypothesis" --hypothesis-profile soak $(ARGS)
	$(BIN)/python -m tests.bench.year
	if $(PIP) --target build/atheris --upgrade atheris; then \
		PYTHONPATH=build/atheris $(BIN)/python -m tests.bench.fuzz_feed --seconds 300; \
	else echo "atheris cannot be installed: the parser is not fuzzed"; fi
	$(BIN)/python tests/cases.py --slow

bench: $(VENV)/dev  ## speed, cost and scale: tables, and build/bench.json
	$(BIN)/python -m tests.bench $(ARGS)

lint: $(VENV)/dev workflows  ## style, types, order of imports, workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

workflows: $(VENV)/dev  ## what GitHub runs: mistakes, and ways in for strangers
	$(BIN)/zizmor --offline --persona pedantic --config .github/zizmor.yml --quiet \
		action.yml .github/dependabot.yml $(WORKFLOWS)
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck -pyflakes $(BIN)/pyflakes $(WORKFLOWS)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml

format: $(VENV)/dev  ## mend what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/dev  ## newest versions that pyproject.toml allows, for Python 3.11 and later
	$(UV_COMPILE) --upgrade --output-file requirements.txt
	$(UV_COMPILE) --upgrade --group dev --output-file requirements-dev.txt

clean:
	rm -rf $(VENV) tests/node_modules build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(NODE_MODULES): tests/package.json tests/package-lock.json
	@sh tests/npm.sh

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: $(BIN)/python requirements.txt
	$(PIP) --only-binary :all: --require-hashes -r requirements.txt
	@touch $@

$(VENV)/dev: $(BIN)/python requirements-dev.txt pyproject.toml
	$(PIP) --require-hashes -r requirements-dev.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/runtime
