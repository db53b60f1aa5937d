# Two commands do all set-up: `make demo` and `make test`. Each makes the environment it needs in .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# The labelled data for benchmarks and training, beside the checkout.
DATA ?= ../shared/data

.PHONY: demo test lint unit schedules bench lock faults compose-test clean

demo: .venv/.demo  ## the main job on a real Kafka of this machine's own: pages in, tagged parts out
	@$(BIN)/newsieve demo

test: lint unit schedules    ## everything CI runs

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: .venv/.dev    ## side by side, for most of them wait for Kafka most of the time
	$(BIN)/python -m pytest -n 4 --dist loadfile

schedules: .venv/.dev    ## twenty seeded schedules of faults on a real Kafka
	$(BIN)/python -m pytest -m faults tests/faults/test_schedules.py

bench: .venv/.dev   ## pages/s of the splitter and texts/s of the topics, each beside a peer in one run
	$(BIN)/python -m tests.benchmarks.bench_splitter --data $(DATA)
	$(BIN)/python -m tests.benchmarks.bench_topics --data $(DATA)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("newsieve needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv .venv

.venv/.demo: requirements-broker.lock pyproject.toml | .venv/bin/python
	@echo "Installing newsieve into .venv …"
	@$(PIP) install --require-hashes -r requirements-broker.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "Installing newsieve and its test tools into .venv …"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ .venv/.demo

# Exact versions with hashes and no index address; the dev lock is made first, the others agree with it.
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet pyproject.toml --group build
lock:
	$(COMPILE) --extra broker --extra bench --group dev -o requirements-dev.lock
	$(COMPILE) --extra broker -c requirements-dev.lock -o requirements-broker.lock
	$(COMPILE) -c requirements-dev.lock -o requirements.lock
	$(COMPILE) --extra teacher -c requirements.lock -o requirements-teacher.lock

N ?= 200
faults: .venv/.dev  ## N seeded schedules of faults on a real Kafka, resumed where it stopped; SEED=7 plays one again
	$(BIN)/python -m tests.faults run $(if $(SEED),--seed $(SEED),--n $(N)) $(if $(DELIVERY),--delivery $(DELIVERY))

compose-test: .venv/.demo  ## brings docker-compose.yml up for real; needs root and a Docker engine
	tests/compose/run

clean:
	rm -rf .venv .faults build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
