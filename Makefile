# make run:  set up .venv from the lock, run the default experiment with all cores, print the verdict
# make test: set up .venv from the lock, run the tests
# Another Python: make run PYTHON=python3.12
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

.PHONY: run test
.DELETE_ON_ERROR:

run: $(READY)
	$(VENV)/bin/snakemake --cores all --rerun-incomplete
	@cat results/pocket/statistics/verdict.txt

test: $(READY)
	$(VENV)/bin/python -m pytest

$(READY): envs/requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11 to 3.13 is needed; name one: make run PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
