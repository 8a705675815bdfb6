# Everything starts here. A machine needs Python 3.11 or newer, git and make; the rest is installed below .fugace, .venv and node_modules.

ifndef PYTHON
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; break; fi; done)
endif
RUN := .venv/bin/python
export PATH := $(CURDIR)/.fugace/tools/bin:$(PATH)
export PYTHONPATH := $(CURDIR):$(CURDIR)/layers/common/python

.DEFAULT_GOAL := help

.PHONY: help
help:  ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install:  ## install tools and packages, from locks with hashes
	@$(if $(PYTHON),,echo "Fugace needs Python 3.11 or newer, and found none: install one, or say make PYTHON=/path/to/python3." >&2; exit 1)
	@$(PYTHON) local/install.py

.PHONY: up
up: install  ## start everything on this machine, and a first tenant
	@$(RUN) -m local.up

.PHONY: down
down:  ## stop it; what it stored stays
	@if [ -x $(RUN) ]; then $(RUN) -m local.down; fi

.PHONY: check
check: install  ## the fast tests, types and style
	@$(RUN) -m local.checks fast

.PHONY: test
test: check layer  ## every test, the end-to-end ones on stacks of their own
	@$(RUN) -m local.down test beside && rm -rf .fugace/test .fugace/beside
	@$(RUN) -m local.checks slow && $(RUN) -m local.checks journeys && $(RUN) -m pytest --quiet tests/rights; \
	result=$$?; $(RUN) -m local.down test beside; exit $$result

.PHONY: prove
prove: install layer  ## the long proofs: thousands of cases, and outages; prints figures
	@$(RUN) -m local.down test && rm -rf .fugace/test && $(RUN) -m local.up test
	@$(RUN) -m pytest tests/proof; result=$$?; $(RUN) -m tests.proof.figures; $(RUN) -m local.down test; exit $$result

.PHONY: bench
bench: install layer  ## the performance budgets
	@$(RUN) -m bench

.PHONY: layer
layer: install  ## build the layer and the functions, for AWS and for this machine
	@$(RUN) -m local.layer arm64 host

.PHONY: stateful
stateful: layer  ## write down anew what must never be replaced
	@$(RUN) -m infra.stateful

.PHONY: diff
diff: install  ## what the infrastructure would change, against the last release (BASE=… for another)
	@$(RUN) -m local.diff $(BASE)

.PHONY: lock
lock: install  ## resolve the requirements again
	@$(PYTHON) local/install.py lock

.PHONY: clean
clean: down  ## stop, and forget everything that was built or stored
	@rm -rf .fugace .venv build node_modules cdk.out .mypy_cache .ruff_cache .pytest_cache .hypothesis
