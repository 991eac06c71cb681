# Every command sets up what it needs; `make help` lists them.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3.11
STAMP := $(VENV)/.installed
DEMO ?= demo
IMAGES ?= 100
FAULTS ?= 50
SCRIPTS := .ci/run scripts/minio/build \
    $(addprefix scripts/cluster/,build up down env inside load gpus part node) $(wildcard scripts/cluster/lib/*.sh) \
    $(addprefix scripts/kind/,up down env load argo minikube here.sh) \
    $(addprefix scripts/images/,build load here.sh base.sh secrets.sh) scripts/observe/prometheus \
    $(addprefix scripts/report/,check pango)

.DEFAULT_GOAL := help
.PHONY: help setup demo lint servers test test-cluster chaos bench manifests lock cluster cluster-down images clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv and install kvjob and its tools, pinned

# Bytecode is compiled once, here: a trainer that compiles torch at every start loses seven seconds each time.
$(STAMP): pyproject.toml requirements/dev.txt requirements/uv.txt
	@command -v $(PYTHON) >/dev/null || { echo "kvjob needs Python 3.11: install it, or name yours with PYTHON=…"; exit 78; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: setup ## Make a data set, run the paper's study small, build its report
	@$(BIN)/kvjob data synth $(DEMO)/data --images $(IMAGES)
	@$(BIN)/kvjob run paper --data $(DEMO)/data --store $(DEMO)/store --preset cpu --set epochs=10 \
	    --out $(DEMO)/report --logs $(DEMO)/logs

lint: setup ## Style, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shellcheck $(SCRIPTS)
	$(BIN)/hadolint images/Dockerfile

servers: ## Bring what tests run beside kvjob, MinIO, Prometheus and Pango; they skip what cannot be had
	@if command -v go >/dev/null; then scripts/minio/build; else echo "no Go here: tests leave MinIO out"; fi
	@scripts/observe/prometheus || echo "tests leave Prometheus out"
	@scripts/report/pango || echo "tests leave the PDF out"

test: lint servers ## Lint, then every test that needs no cluster
	$(BIN)/pytest -n auto --dist loadfile tests/unit tests/integration --ignore=tests/integration/chaos

bench: setup ## Images per second against the plain loop and the no-data limit
	$(BIN)/python -m tests.bench --out bench.json

# kind or minikube where Docker runs, else a Kubernetes built from its sources.
WAY = $(shell if docker info >/dev/null 2>&1; then \
    if command -v kind >/dev/null; then echo scripts/kind/; exit; fi; \
    if command -v minikube >/dev/null; then echo scripts/kind/minikube; exit; fi; fi; echo scripts/cluster/)

cluster: ## Bring up a Kubernetes with Argo on this machine
	@if [ "$(WAY)" = scripts/cluster/ ]; then scripts/cluster/build >/dev/null; fi
	@$(if $(filter %/,$(WAY)),$(WAY)up,$(WAY) up)

images: ## Build kvjob's images and bring them into that cluster
	scripts/images/build >/dev/null && scripts/images/load

test-cluster: setup ## Every test that needs a cluster: the one of KUBECONFIG, or else one brought up
	@if [ -z "$$KUBECONFIG" ]; then $(MAKE) cluster images; fi
	$(BIN)/pytest tests/cluster --ignore=tests/cluster/chaos

chaos: setup ## Fifty faults on processes, then fifty on that cluster; FAULTS, KVJOB_CHAOS_SEED; figures in chaos-*.json
	@if [ -z "$$KUBECONFIG" ]; then $(MAKE) cluster images; fi
	KVJOB_CHAOS_FAULTS=$(FAULTS) KVJOB_CHAOS_OUT=chaos-processes.json $(BIN)/pytest tests/integration/chaos
	KVJOB_CHAOS_FAULTS=$(FAULTS) KVJOB_CHAOS_OUT=chaos-cluster.json $(BIN)/pytest tests/cluster/chaos

cluster-down: ## Take it down again
	@$(if $(filter %/,$(WAY)),$(WAY)down,$(WAY) down)

manifests: setup ## Render anew what follows from code: the chart's template, dashboards, table; the golden files
	$(BIN)/python -m kvjob.cluster.render
	$(BIN)/python -m charts.dashboards
	$(BIN)/python charts/document.py
	$(BIN)/python -m kvjob.report > tests/unit/report/golden/report.schema.json
	$(BIN)/python workflows/all_experiments.py > tests/unit/cluster/golden/all_experiments.yaml

lock: setup ## Pin anew what pyproject.toml asks for
	$(BIN)/uv pip compile --quiet --upgrade pyproject.toml --extra train --extra onnx --group dev --python-version 3.11 \
	    --no-annotate --custom-compile-command "make lock" --output-file requirements/dev.txt
	for image in "tools" "trainer --extra train"; do \
	    set -- $$image; file=requirements/$$1.txt; shift; \
	    $(BIN)/uv pip compile --quiet --upgrade pyproject.toml "$$@" --constraint requirements/dev.txt \
	        --python-version 3.11 --no-annotate --custom-compile-command "make lock" --output-file $$file || exit 1; \
	done

clean: ## Remove what the commands made
	rm -rf $(DEMO) bench.json chaos-*.json build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
