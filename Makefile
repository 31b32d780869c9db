# make run:   set up .venv from the lock, run the default experiment with all cores, print the verdict
# make test:  set up .venv from the lock, run the tests, two at a time
# make bench: set up .venv from the lock, time a training step beside its bare parts and beside TRL
#             another model: make bench ARGS="--model FOLDER --precision bf16 --batch-size 32 --micro-batch-size 8"
# make smollm2: the same on the real SmolLM2-135M-Instruct, hours on a CPU; goes on where it was stopped
#   DATA="helpsteer2.jsonl, helpsteer.jsonl" names the pairs' files, if they do not lie where smollm2_cpu.yaml says
#   NAME=my_smollm2 names the results' folder; the committed ones lie in results/smollm2_cpu
# Another Python: make run PYTHON=python3.12
PYTHON ?= python3
NAME ?= my_smollm2
VENV := .venv
READY := $(VENV)/.ready
# An allocator that keeps what it got from the system: where it is installed, a real model's job takes a quarter less time.
TCMALLOC := $(firstword $(wildcard /usr/lib/*/libtcmalloc_minimal.so.4 /usr/lib64/libtcmalloc_minimal.so.4))

.PHONY: run test bench smollm2
.DELETE_ON_ERROR:

run: $(READY)
	$(VENV)/bin/snakemake --cores all
	@cat results/pocket/statistics/verdict.txt

test: $(READY)
	$(VENV)/bin/python -m pytest --numprocesses 2 --no-loadscope-reorder

bench: $(READY)
	$(VENV)/bin/python workflow/scripts/benchmark_step.py $(ARGS)

smollm2: $(READY)
	$(if $(TCMALLOC),LD_PRELOAD=$(TCMALLOC)) $(VENV)/bin/snakemake --cores all \
		--configfile workflow/experiments/smollm2_cpu.yaml \
		--config experiment=$(NAME) $(if $(DATA),"data={source: [$(DATA)]}")
	@cat results/$(NAME)/statistics/verdict.txt

$(READY): envs/requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11 to 3.13 is needed; name one: make run PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
