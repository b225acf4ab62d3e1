# make demo: install into .venv and run the example. make test: everything that is checked. make help: the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Small matrices gain nothing from more threads, and spinning ones take the core of whatever runs beside.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
# Hundreds of short-lived processes start in the tests: compiling every library anew in each takes twice as long as what they do.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test search campaign lint schema evidence lock sbom clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    install what running needs into $(VENV), then run examples/procedures/psm_trace.yaml"
	@echo "make test    install what testing needs, then lint and all tests"
	@echo "make search  the property tests with other random draws than make test's"
	@echo "make campaign  the tests that are too long for make test: more faults of real-time runs"
	@echo "make lint    ruff, mypy --strict and the architecture test"
	@echo "make schema  write docs/procedure.schema.json anew"
	@echo "make evidence  all tests, their results as evidence in evidence/, then the traceability matrix (evidence/trace.html)"
	@echo "make lock    write requirements.lock anew: newest allowed versions, with hashes"
	@echo "make sbom    install what is locked into $(VENV)-locked, then write bill of materials and SOUP list into sbom/"
	@echo "make clean   remove $(VENV), caches and runs"
	@echo "PYTHON=...   the Python to build $(VENV) with (>= 3.11), now: $(PYTHON)"

demo: $(VENV)/.installed
	@if [ -e runs/psm_trace ]; then mv runs/psm_trace "runs/psm_trace.$$(date +%Y%m%d-%H%M%S)"; fi
	$(BIN)/primum run examples/procedures/psm_trace.yaml --out runs/psm_trace

# What keeps a period on a simulated device needs the machine to itself; the rest takes both cores, what can repeat a late run among it.
UNTIMED = $(patsubst %,tests/toolkit/app/test_%.py,check_command coil_assembly doctor float_error last_configuration log_export log_options log_view proofs \
	pilot records refusals replay reprove results run_inputs safety_parts security_watch selftest traceability turned_assembly verification_report version) \
	$(patsubst %,tests/devices/test_%.py,camera_tracking coil_profile coil_protocol dynamixel_packet profile scpi_supply serial_transfer stereo_tracker) \
	$(patsubst %,tests/devices/%.py,firmware/test_coil_driver firmware/test_fuzz simulated_arm/test_plant simulated_arm/test_servo)
TIMED = $(filter-out $(UNTIMED),$(wildcard tests/toolkit/app/test_*.py tests/devices/test_*.py tests/devices/*/test_*.py))

# A host that stands still for some periods fails a timed test, a defect fails it again: what does not repeat is printed (RERUN) and counted.
test: lint
	$(BIN)/python -m pytest --reruns 2 --reruns-delay 1 $(TIMED)
	$(BIN)/python -m pytest -n 2 --dist loadfile --ignore=tests/test_architecture.py $(TIMED:%=--ignore=%)

# A failure it finds is printed with what reproduces it.
search: $(VENV)/.installed-dev
	HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest -n 2 --dist loadfile -m hypothesis $(TIMED:%=--ignore=%)

campaign: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --reruns 2 --reruns-delay 1 -m campaign

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py

schema: $(VENV)/.installed
	$(BIN)/python -c "from toolkit.procedure import write_json_schema; write_json_schema('docs/procedure.schema.json')"

evidence: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "" --evidence evidence || echo "some tests failed: the evidence says which"
	$(BIN)/primum trace --evidence evidence --format html --out evidence/trace.html

lock: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra view --universal --python-version 3.11 --generate-hashes --no-annotate \
		--upgrade --quiet --custom-compile-command "make lock" -o requirements.lock

sbom:
	$(PYTHON) -m venv --clear $(VENV)-locked
	$(VENV)-locked/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	$(VENV)-locked/bin/python -m pip install --quiet --no-deps -e .
	$(VENV)-locked/bin/primum sbom --out sbom

# uv installs several times faster but does not read pip's configuration: where it is missing or fails, plain pip does the work.
define install
	$(BIN)/python -m pip install --quiet uv && $(BIN)/uv pip install --quiet --python $(BIN)/python -e '$(1)' \
		|| $(BIN)/python -m pip install --quiet -e '$(1)'
endef

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed: make PYTHON=python3.11 ...')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "installing into $(VENV) (a few minutes, once)"
	$(call install,.)
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@echo "installing into $(VENV) with what the tests need (a few minutes, once)"
	$(call install,.[dev])
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) $(VENV)-locked runs evidence sbom .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
