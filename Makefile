SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
SLITHER := $(CURDIR)/.venv-slither/bin/slither
FORGE := $(CURDIR)/anvil/node_modules/.bin/forge
JOBS ?= 2
N ?= 10000
SEED ?= 1

.PHONY: help run test lint types units contracts forks crashes torture tamper strict-node bench peers twin clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/.installed anvil/node_modules/.installed ## Watch a whole Monday on a forked chain
	@$(BIN)/python -m anvil.monday $(if $(VENUES),--venues $(VENUES)) $(ARGS)

test: lint types units contracts forks crashes ## Everything that must pass before a change is merged

lint: .venv/.installed ## Style, formatting, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

types: .venv/.installed ## Types, strictly
	$(BIN)/mypy agent anvil bench

units: .venv/.installed anvil/node_modules/.installed ## Tests that need no chain
	$(BIN)/pytest -q -n $(JOBS) --ignore tests/fork --ignore tests/torture

contracts: anvil/node_modules/.installed .venv-slither/.installed ## Contracts: tests, gas snapshots, analysis
	cd contracts && $(FORGE) fmt --check && FORGE_SNAPSHOT_CHECK=true $(FORGE) test
	cd contracts && PATH="$(dir $(FORGE)):$$PATH" $(SLITHER) . --config-file slither.config.json

forks: .venv/.installed anvil/node_modules/.installed ## Tests on a forked twin
	$(BIN)/pytest -q -n $(JOBS) tests/fork

crashes: .venv/.installed anvil/node_modules/.installed ## The agent killed at every point, in every trouble
	$(BIN)/pytest -q -n $(JOBS) tests/torture

torture: .venv/.installed anvil/node_modules/.installed ## N seeded schedules of kills and faults, resumable
	$(BIN)/python -m anvil.torture --schedules $(N) --workers $(JOBS) --resume $(ARGS)

tamper: .venv/.installed ## The log damaged in 100,000 ways
	$(BIN)/python -m tests.tampering 100000 --jobs $(JOBS)

strict-node: .venv/.installed anvil/node_modules/.installed ## A node as strict as mainnet, with the faults of a SEED
	$(BIN)/python -m anvil.strict --seed $(SEED) $(ARGS)

bench: .venv/.installed anvil/node_modules/.installed ## Gas, exactness, netting, the cycle's own time
	$(BIN)/python -m bench.gas_per_leg
	$(BIN)/python -m bench.gas_forecast
	$(BIN)/python -m bench.wei_exact
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.splitting
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.planning
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.plan_exact
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.netting 1
	$(BIN)/python -m bench.cycle
	$(BIN)/python -m bench.ladder

peers: .venv-bench/.installed bench/node_modules/.installed ## Planning beside its peers, with plots
	OPENBLAS_NUM_THREADS=1 .venv-bench/bin/python -m bench.split_order --plots
	OPENBLAS_NUM_THREADS=1 .venv-bench/bin/python -m bench.split_segments
	.venv-bench/bin/python -m bench.quote_v3
	OPENBLAS_NUM_THREADS=1 .venv-bench/bin/python -m bench.basket --plots
	.venv-bench/bin/python -m bench.slicing --plots

twin: .venv/.installed anvil/node_modules/.installed ## Build the chain twin anew
	$(BIN)/python -m anvil.twin --rebuild

clean: ## Remove what was built and installed
	rm -rf .venv .venv-slither .venv-bench .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf anvil/node_modules bench/node_modules contracts/out contracts/cache var

.venv/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.venv-slither/.installed: requirements-slither.lock
	test -x .venv-slither/bin/python || $(PYTHON) -m venv .venv-slither
	.venv-slither/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

.venv-bench/.installed: requirements-bench.lock
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

bench/node_modules/.installed: bench/package-lock.json
	cd bench && npm ci --ignore-scripts --loglevel=error
	touch $@

anvil/node_modules/.installed: anvil/package-lock.json
	cd anvil && npm ci --ignore-scripts --loglevel=error
	touch $@
