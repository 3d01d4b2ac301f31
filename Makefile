# make demo | test | lab | migrations [ONLY=name] | soak | bench [ONLY=name] | check | clean
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PROMETHEUS := $(VENV)/prometheus/usr/bin/prometheus
ONLY   ?=
SEEDS  ?= 20000

.PHONY: screens help demo test unit broker lab lab-down migrations soak swarm bench check venv tools prometheus browser sshd kaskade clean

help:
	@sed -n '1s/^# //p' Makefile

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

venv: $(VENV)/.ready

demo: venv
	$(BIN)/cockpit demo

tools:
	@command -v java >/dev/null || { echo "Java 17 is missing: the real-broker tests need it" >&2; exit 2; }
	@command -v mvn  >/dev/null || { echo "Maven is missing: the real-broker tests need it" >&2; exit 2; }
	@java -version 2>&1 | awk -F'"' '/version/ {split($$2, v, "."); exit !(v[1] >= 17)}' || \
	  { echo "Java 17 or newer is needed, this is: $$(java -version 2>&1 | head -1)" >&2; exit 2; }
	@command -v prometheus >/dev/null || [ -x $(PROMETHEUS) ] || $(MAKE) --no-print-directory prometheus

# Debian's package, unpacked and not installed: an installed one would start a server.
prometheus: venv
	@mkdir -p $(VENV)/prometheus
	@cd $(VENV)/prometheus && apt-get download -q prometheus && dpkg-deb -x prometheus_*.deb . || \
	  { echo "Prometheus is missing: the tests of its signals need it (apt-get install prometheus)" >&2; exit 2; }

# Opens the reports of the soak as a reader would.
browser:
	@command -v chromium >/dev/null || apt-get install -qq -y --no-install-recommends chromium || \
	  { echo "Chromium is missing: the soak opens reports in it (apt-get install chromium)" >&2; exit 2; }

# For a link over SSH in the soak: a server of our own on loopback, with keys of its own. Debian's
# package would start one for everybody where systemd runs: there it is left to whoever owns the machine.
sshd:
	@[ -x /usr/sbin/sshd ] || { [ ! -d /run/systemd/system ] && \
	  apt-get install -qq -y --no-install-recommends openssh-server; } || \
	  { echo "sshd is missing: the soak draws a screen over it (package openssh-server)" >&2; exit 2; }

# For the bench: another screen, beside ours. In an environment of its own.
kaskade: venv
	@[ -x $(VENV)/kaskade/bin/kaskade ] || { $(PYTHON) -m venv $(VENV)/kaskade && \
	  $(VENV)/kaskade/bin/pip install --quiet kaskade; } || \
	  echo "kaskade could not be had: the bench goes on without it" >&2

check: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: venv
	$(BIN)/pytest -q -n 3 --dist worksteal -m "not broker and not soak"

broker: venv tools
	$(BIN)/pytest -q -m "broker and not soak"

test: tools check unit broker

lab: venv tools
	$(BIN)/cockpit lab up
	$(BIN)/cockpit run "$$($(BIN)/cockpit lab status --json | $(BIN)/python -c 'import json,sys; print(json.load(sys.stdin)["plan"])')"
	@echo "the lab goes on: make lab-down stops it"

lab-down: venv
	$(BIN)/cockpit lab down

# Real migrations on real brokers, one after the other; stopped and started again, it goes on with
# the first that has no verdict yet.
migrations: venv tools
	$(BIN)/python -m tests.migrations $(ONLY)

soak: venv tools browser sshd swarm
	$(BIN)/pytest -q -m soak

# Simulated flights with random faults; stopped and started again, it goes on where it was.
swarm: venv
	$(BIN)/python -m tests.flights.swarm_soak --seeds $(SEEDS)

bench: venv kaskade
	$(BIN)/cockpit bench $(if $(ONLY),--only $(ONLY))

# The pictures of the documents, from fixed snapshots.
screens: venv
	$(BIN)/python -m tests.tui.screens docs/screens

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
