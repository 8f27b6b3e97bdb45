# Every target works from a fresh clone with python3 (and venv), make and git.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
ONCE ?=
# Of make's own command line alone: many machines have a PORT in their environment that is meant for others.
PORT := $(if $(filter command%,$(origin PORT)),$(PORT))
SECONDS ?= 60
SEED ?=
PYTEST ?=
# Likewise of the command line alone.
T := $(if $(filter command%,$(origin T)),$(T))
CODE := $(if $(filter command%,$(origin CODE)),$(CODE))

.PHONY: help setup develop demo test one new-carrier check lint types habits screenshots bench soak lock format messages clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

setup:  ## the virtual environment with what running needs
	@tools/setup.sh base

develop:  ## … and with what testing needs
	@tools/setup.sh test

demo: setup  ## everything, filled with a fleet, until Ctrl-C (ONCE=1: one top-up, then stop; PORT=n)
	@exec $(BIN)/xuliu demo --home build/demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

test: develop  ## all checks and all tests, browser included
	@left_out=$$(tools/browser.sh)
	$(MAKE) check
	$(BIN)/python -m pytest -n 3 --dist worksteal --ignore tests/lints --durations=10 $(PYTEST)
	if [ -n "$$left_out" ]; then
		echo "Left out: $$left_out"
		if [ "$${CI:-}" = true ]; then exit 1; fi
	fi

one: develop  ## one test, by its path or a part of its name (T=…)
	@case "$(T)" in
		"") echo "Which one? make one T=xuliu/ledger, or T=part_of_its_name"; exit 2 ;;
		*/*|*.py*) $(BIN)/python -m pytest -n 0 $(T) ;;
		*) $(BIN)/python -m pytest -n 0 -k "$(T)" ;;
	esac

new-carrier: develop  ## the folder of a new carrier's connector, to be filled in (CODE=…)
	@$(BIN)/python -m tools.new_carrier "$(CODE)"

# The types, which take longest, beside all else; what each says is printed whole when it has ended.
check: develop  ## what needs no test: style, types, imports, migrations, catalogues
	@$(MAKE) -j2 --output-sync=target types lint habits

habits: develop
	@XULIU_DEMO=1 XULIU_HOME=build/check $(BIN)/xuliu manage makemigrations --check --dry-run
	$(BIN)/python -m pytest -n 0 -q tests/lints

lint: develop
	@$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --cache-dir build/cache/imports

types: develop
	@XULIU_DEMO=1 $(BIN)/mypy

format: develop  ## let ruff set what it can
	@$(BIN)/ruff check --fix
	$(BIN)/ruff format

messages: develop  ## bring the catalogues up to date with the sources
	@$(BIN)/python tools/messages.py update

screenshots: develop  ## every page, two widths, two languages, light and dark, into build/screenshots/
	@left_out=$$(tools/browser.sh)
	if [ -n "$$left_out" ]; then echo "Cannot take pictures: $$left_out"; exit 1; fi
	$(BIN)/python tools/screenshots.py

bench: develop  ## measure against plain SQL; writes bench/results.json
	@$(BIN)/python -m bench

soak: develop  ## random sequences with the books checked (SECONDS=n SEED=s)
	@$(BIN)/python -m tests.soak --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

lock: develop  ## compile requirements/*.in anew (needs uv)
	@tools/lock.sh

clean:  ## remove build/, and nothing else
	@tools/clean.sh
