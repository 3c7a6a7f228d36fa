# Every target sets up .venv first; the set-up runs again only when
# pyproject.toml or constraints.txt changed.  Another Python: make lab PYTHON=python3.13

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LATEST := .venv-latest
PEERS := .venv-peers
LESSON ?=
# A version of torch for test-latest, which else takes the newest: TORCH=2.14.1
TORCH ?=
# How many processes share the tests; each takes up to 2 GB.
JOBS ?= 2
# Options of the wheelhouse: make wheelhouse WHEELS="--for windows --python 3.12"
WHEELS ?=

CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	$$p -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && { echo $$p; break; }; done)
# JupyterLab refuses to run as root unless told; containers often are root.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.DEFAULT_GOAL := help
.PHONY: help setup lab test test-long test-latest wheelhouse demo notebooks site slides bench peers

help:  ## say what can be made (the default)
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | \
		while IFS="$$(printf '\t')" read -r name what; do \
			printf '  make %-12s %s\n' "$$name" "$$what"; done

setup: $(STAMP)  ## create .venv with the exact versions of constraints.txt

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer found." \
		"Install one and run make again, or name it: make lab PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' 2>/dev/null || { echo "$(PYTHON) is not Python 3.11 or newer." \
		"Name a newer one: make lab PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot create" \
		"virtual environments. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@echo "Setting up $(VENV): a few minutes the first time, most of it for torch."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --constraint constraints.txt --editable ".[test]"
	@touch $@

lab: setup  ## open the lessons in JupyterLab
	$(BIN)/jupyter lab $(AS_ROOT) notebooks

TESTS = --doctest-modules ifcn_lab ifcn_course tests \
	--nbval --nbval-cell-timeout=3600 --nbval-kernel-startup-timeout=3600 \
	$(wildcard notebooks) --cov=ifcn_lab --cov=ifcn_course \
	--numprocesses=$(JOBS) --dist=loadfile --max-worker-restart=0

test: setup  ## run every test: unit, doctest, notebooks; coverage at least 90 %
	$(BIN)/python -m pytest $(TESTS)

test-long: setup  ## the long tests that make test leaves out: hundreds of damaged files
	$(BIN)/python -m pytest -m long --numprocesses=$(JOBS) --dist=loadfile tests

test-latest:  ## the same on the newest versions (one torch: TORCH=2.14.1)
	@$(PYTHON) -m venv $(LATEST)
	@$(LATEST)/bin/python -m pip install --quiet --upgrade \
		--upgrade-strategy eager --editable ".[test]" $(addprefix torch==,$(TORCH))
	@$(LATEST)/bin/python -m upkeep.latest
	$(LATEST)/bin/python -m pytest $(TESTS)

wheelhouse: setup  ## a folder to install from without network: build/wheelhouse
	$(BIN)/python -m upkeep.wheelhouse $(WHEELS)

demo: setup  ## segment a photograph of coins; no network, no GPU
	$(BIN)/python -m ifcn_lab demo

notebooks: setup  ## build and run the notebooks from lessons/ (one: LESSON=03)
	$(BIN)/python -m lessons.build $(LESSON)

site: setup  ## all lessons as pages that need no kernel and no network: build/site
	$(BIN)/python -m website.build site

slides: setup  ## a deck of each lesson, for a room without network: build/slides
	$(BIN)/python -m website.build slides

bench: setup  ## measure what the course claims
	$(BIN)/python -m benchmarks

# Each by itself: one that does not install here is named, and the others go on.
OTHERS := torchvision "cellpose<4" ultralytics "stardist tensorflow-cpu" detectron2

peers:  ## measure other libraries beside ours, in .venv-peers; hours
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --editable .
	@for each in $(OTHERS); do $(PEERS)/bin/python -m pip install --quiet $$each || \
		echo "$$each does not install here"; done
	$(PEERS)/bin/python -m benchmarks.peers
	$(PEERS)/bin/python -m benchmarks.peers --speed
