# make run, make test: everything a fresh machine with Python 3.10 to 3.13 needs is made in .venv.

# The first that runs: with 3.11 and 3.10 comes the training API.
PYTHON ?= $(shell for python in python3.11 python3.10 python3.12 python3.13 python3; do \
	if $$python -c '' 2>/dev/null; then echo $$python; break; fi; done)
BIN := .venv/bin
# Each file by one worker, in the order of tests/conftest.py.
SUITE := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: run test coverage quick quick-bare check demo bench gpu screenshots manual clean

run: .venv/run.stamp
	@$(BIN)/tui-draggan $(ARGS)

# The whole suite, the longest files first.
test: .venv/dev.stamp
	$(BIN)/python -m pytest $(SUITE)

# The same, slower, with the share of the package's lines that it runs; what runs in processes of its
# own is not counted.
coverage: .venv/dev.stamp
	$(BIN)/python -m pytest $(SUITE) --cov --cov-report=
	@echo "coverage: $$($(BIN)/python -m coverage report --format=total) % of the package's lines"

# The fast lane: no terminal, no training, nothing slow.
quick: .venv/dev.stamp
	$(BIN)/python -m pytest $(SUITE) -m "not terminal and not slow"

# The same on a Python that torch has no small build for: what needs torch is left out, and counted.
quick-bare: .venv-bare/stamp
	.venv-bare/bin/python -m pytest $(SUITE) -m "not terminal and not slow"

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

# One headless edit: the cat of seed 6 grows an ear; picture, animation and log in demo/.
demo: .venv/run.stamp
	@mkdir -p demo
	$(BIN)/tui-draggan drag $(DEMO) --force --out demo/edited.png --animation demo/drag.gif --log demo/steps.jsonl

DEMO ?= --seed 6 --point 27,27:30,8

bench: .venv/dev.stamp
	$(BIN)/tui-draggan bench --model critters
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.keys

# Everything worth knowing of an NVIDIA card, in eight minutes, by any Python that has torch for it.
gpu:
	$(GPU_PYTHON) -m benchmarks.gpu --json gpu.json $(ARGS)

GPU_PYTHON ?= python3

screenshots: .venv/dev.stamp
	$(BIN)/python -m screenshots.make
	$(BIN)/python -m screenshots.demo

# The man page, from the options of every command.
manual: .venv/dev.stamp
	$(BIN)/python -m docs.manual

clean:
	rm -rf .venv demo

.venv/run.stamp: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv (onnxruntime-training is 300 MB) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv-bare/stamp: pyproject.toml
	$(PYTHON) -m venv --clear .venv-bare
	.venv-bare/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# torch's version is pinned where the suite was run; any that pyproject.toml admits will do.
.venv/dev.stamp: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[torch,video,dev]'
	@touch $@ .venv/run.stamp
