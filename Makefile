# Two commands are enough: `make run` and `make test`. Python 3.11 or newer is all they need.
PYTHON ?= python3
BIN := .venv/bin
# Compiling everything that is installed takes longer than installing it; what is used is compiled
# by importing it once.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
TOGETHER := --numprocesses 2 --dist loadfile
USED := import bot.app, bot.engine.durable, prompt_toolkit, sentence_transformers, langchain_chroma
.DEFAULT_GOAL := help
.PHONY: help run demo test check bench lint types imports clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

.venv/ready: pyproject.toml constraints.txt
	@test -x $(BIN)/python || { echo "Making .venv ..."; $(PYTHON) -m venv .venv; }
	@echo "Installing smsvet and what it needs into .venv (a few minutes the first time) ..."
	@$(PIP) --editable .
	@HF_HUB_OFFLINE=1 $(BIN)/python -W ignore -c "$(USED)"
	@touch $@

.venv/ready-test: .venv/ready
	@$(PIP) --editable '.[test]'
	@touch $@

.venv/ready-check: .venv/ready-test
	@$(PIP) --editable '.[test,check]'
	@touch $@

run: .venv/ready ## open the conversation, with a simulated vendor at hand
	@$(BIN)/smsvet chat

demo: .venv/ready ## a whole evaluation by script, against a simulated vendor
	@$(BIN)/smsvet demo

# Most of a test's time is waiting: two at once, each file on one of them; those that measure, alone.
test: .venv/ready-test ## the tests
	@$(BIN)/python -m pytest $(TOGETHER) -m "not slow and not quiet"
	@$(BIN)/python -m pytest -m "not slow and quiet"

check: .venv/ready-check lint types imports ## lint, types, imports and tests: what CI runs
	@$(BIN)/python -m pytest $(TOGETHER) -m "not quiet" --cov --cov-report= --cov-fail-under=0
	@$(BIN)/python -m pytest -m quiet --cov --cov-append --cov-report=term

lint: .venv/ready-check
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: .venv/ready-check
	@$(BIN)/mypy

imports: .venv/ready-check
	@$(BIN)/lint-imports

bench: .venv/ready-check ## how fast we send, beside our peers in the same run; raw rounds in build/bench
	@$(PIP) --editable '.[bench]'
	@if command -v npm >/dev/null; then \
	  npm install --prefix tests/node --no-audit --no-fund --no-package-lock --loglevel=error; fi
	@mkdir -p build/bench && $(BIN)/smsvet bench send --keep build/bench

clean: ## remove what was installed and cached
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache
