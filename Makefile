# make run | test | lint | crash: everything in a virtual environment of its own, without root.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint crash clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -e '.[dev]'
	touch $@

run: $(VENV)/installed
	$(BIN)/vanthu --config config demo var/demo

test: $(VENV)/installed
	$(BIN)/python -m pytest -q

lint: $(VENV)/installed
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy
	$(BIN)/lint-imports

crash: $(VENV)/installed
	ROUNDS=200 $(BIN)/python -m pytest -q -s tests/crash

clean:
	rm -rf $(VENV) build *.egg-info
