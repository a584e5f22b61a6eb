# Everything a person or a machine does with this folder. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_PROCESSES ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Make .venv with everything in it

# Touched last, so that an installation that was cut off is done again.
$(VENV)/.ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[dev]'
	@touch $@

demo: setup ## Start everything with a small city to play with; Ctrl-C stops it, the data stays
	@$(BIN)/khaacho demo

test: setup ## Run every test, on a PostgreSQL of its own
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadgroup

check: setup ## What continuous integration runs besides the tests: style, types, floors, laws
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/laws

format: setup ## Put the code into the one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Measure, side by side with the limits of this machine
	$(BIN)/python -m bench

clean: ## Remove what tools leave behind; data and .venv stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
