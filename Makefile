# Everything runs in one environment, made from requirements.lock on first use:
# .venv, or the conda environment "equieval" where that one is active.
PYTHON ?= python3

ifeq ($(CONDA_DEFAULT_ENV),equieval)
BIN := $(CONDA_PREFIX)/bin
READY := $(CONDA_PREFIX)/.equieval-ready
else
BIN := .venv/bin
READY := .venv/.ready
endif

# Each test process on one thread, as every verb keeps to: there is a process for each core.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help demo portfolio test check validate bench lock synthetic clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY) ## evaluate the real data, release it, build the site and say where it is
	@$(BIN)/equieval demo

portfolio: $(READY) ## the same for every evaluation of params/ (several minutes)
	@$(BIN)/equieval demo --portfolio

test: $(READY) ## run the tests
	@$(ONE_THREAD) $(BIN)/python -m pytest -n auto --dist worksteal -m "not simulation"

check: $(READY) ## lint, format, imports, types, notebooks without outputs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_notebooks.py

validate: $(READY) ## the long simulation: do the intervals keep their promise?
	$(BIN)/python tests/simulation/intervals
	$(BIN)/python tests/simulation/known_truth.py
	$(BIN)/python -m pytest -m simulation tests/simulation

bench: $(READY) ## time this against the plain alternative, side by side
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-bench.lock
	@for script in tests/benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

lock: $(READY) ## write the lock files anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --extra s3 --extra test --extra dev --custom-compile-command "make lock" \
	  pyproject.toml --output-file requirements.lock
	grep -E '^uv==' requirements.lock | cut -d' ' -f1 | $(BIN)/uv pip compile --quiet --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" - --output-file requirements-uv.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --extra bench --constraints requirements.lock \
	  --custom-compile-command "make lock" pyproject.toml --output-file requirements-bench.lock

synthetic: $(READY) ## write the synthetic data of the portfolio anew, byte for byte
	$(BIN)/python -m equieval.data.synthetic.portfolio data/synthetic

clean: ## remove what can be made again (never a release)
	rm -rf _site _generated .equieval/cache reports/*/draft reports/*/scratch

# uv installs the lock in seconds; where it cannot reach the packages (a proxy that only
# pip knows), pip does the same from the same hashes.
.venv/.ready: requirements.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "equieval needs Python 3.11 or later; say which: make PYTHON=python3.11 demo"; exit 5; }
	@echo "Making the environment in .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock \
	  || .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

ifdef CONDA_PREFIX
$(CONDA_PREFIX)/.equieval-ready: environment.yml requirements.lock pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
endif
