# make run | test | lint | crash: everything in a virtual environment of its own, without root.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint crash bench bench-documents bench-spam bench-origin bench-lookup words clean

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

# The spam filter beside bogofilter, on the corpora in shared/data/spam (VANTHU_SHARED: elsewhere).
# Beside a Postfix of its own: needs its package, and root. ROUNDS=1 ends in a few minutes.
bench: $(VENV)/installed
	$(BIN)/python -m tests.load.bench --rounds $(or $(ROUNDS),5)
	$(BIN)/python -m tests.load.origin

bench-spam: $(VENV)/installed
	$(BIN)/python -m tests.load.spam

# SPF, DKIM, ARC and DMARC over a thousand letters with canned DNS, beside dkimpy as it comes.
bench-origin: $(VENV)/installed
	$(BIN)/python -m tests.load.origin

# Looking a document up by number among 10,000 and 1,000,000 lines.
bench-lookup: $(VENV)/installed
	$(BIN)/python -m tests.load.lookup

# Gather what people read into the catalogue; what is new waits in vanthu.po for its translation.
words: $(VENV)/installed
	mkdir -p build
	$(BIN)/pybabel -q extract -k tr -k trn:1,2 -k later --no-location --sort-output -o build/vanthu.pot gateway filters
	$(BIN)/pybabel -q update -N --no-wrap -i build/vanthu.pot -o gateway/locale/vi/LC_MESSAGES/vanthu.po -l vi
	$(BIN)/pybabel -q compile -i gateway/locale/vi/LC_MESSAGES/vanthu.po -o gateway/locale/vi/LC_MESSAGES/vanthu.mo

clean:
	rm -rf $(VENV) build *.egg-info

bench-documents: $(VENV)/installed
	$(BIN)/python -m tests.load.fields
