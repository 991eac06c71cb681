# Every command sets up what it needs; `make help` lists them.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3.11
DEMO ?= demo
IMAGES ?= 160
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv and install kvjob and its tools, pinned

$(STAMP): pyproject.toml requirements/dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "kvjob needs Python 3.11: install it, or name yours with PYTHON=…"; exit 78; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: setup ## Make a data set, run the paper's study small, build its report
	@$(BIN)/kvjob data synth $(DEMO)/data --images $(IMAGES)
	@$(BIN)/kvjob run paper --data $(DEMO)/data --store $(DEMO)/store --preset cpu \
	    --out $(DEMO)/report --logs $(DEMO)/logs

lint: setup ## Style, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## Lint, then every test that needs no cluster
	$(BIN)/pytest

bench: setup ## Images per second against the plain loop and the no-data limit
	$(BIN)/python -m tests.bench --out bench.json

clean: ## Remove what the commands made
	rm -rf $(DEMO) bench.json build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
