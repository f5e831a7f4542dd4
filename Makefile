# The front door. `make demo` and `make test` set up everything they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
REFERENCE ?= tests/reference

.PHONY: help demo test test-slow check format parity bench bench-r honesty test-system fuzz api bombs audit docs kernels clean

help:
	@echo "make demo         run the main job on the simulated cohort and print where the report is"
	@echo "make test         every static check and every test but the slow ones"
	@echo "make test-slow    the slow tests: simulations, trainings, kills, limits of time"
	@echo "make check        format, lint, types, layers"
	@echo "make parity       parity tables against REFERENCE=DIR (default tests/reference)"
	@echo "make bench        time against the peers, write benchmarks/results.md"
	@echo "make bench-r      the same, with R's glmnet and survival installed from Debian"
	@echo "make honesty      the league of learners on public data sets (needs the peers; hours)"
	@echo "make fuzz         2,000 mutated files of each kind (FUZZ='--seed 7 --count 500 dicom png')"
	@echo "make api          2,000 requests that schemathesis makes up, to a live server (API='--seed 7')"
	@echo "make bombs        small files that ask for much: what each costs, written to benchmarks/results"
	@echo "make audit        ask pip-audit whether any dependency has a known weakness"
	@echo "make docs         write the references of the study file, of facts.json and of a bundle"
	@echo "make kernels      forget compiled kernels, after a change in one that others call"
	@echo "make test-system  install Orthanc, LibreOffice, Chromium, Node and SLURM from Debian and run the tests that need them"

$(BIN)/.demo-ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[deep]'
	@touch $@

$(BIN)/.dev-ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[deep,onnx,pacs,docx,serve,fonts,dask,dev]'
	@touch $@ $(BIN)/.demo-ready

demo: $(BIN)/.demo-ready
	$(BIN)/trephine demo --out demo-study

check: $(BIN)/.dev-ready
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(BIN)/.dev-ready
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

test: check
	$(BIN)/pytest --numprocesses 2 --dist loadfile -m "not slow"

test-slow: $(BIN)/.dev-ready
	$(BIN)/pytest --numprocesses 2 --dist loadfile -m slow

test-system: $(BIN)/.dev-ready
	apt-get update --quiet
	apt-get install --yes --no-install-recommends orthanc orthanc-dicomweb \
	  libreoffice-writer poppler-utils fonts-noto-cjk chromium nodejs slurm-wlm munge bindfs
	@# Orthanc binds every interface: where the kernel permits, it gets a network of its own.
	@if unshare --net true 2>/dev/null; then \
	  unshare --net sh -c '$(BIN)/python tests/system/loopback.py && exec $(BIN)/pytest tests/system -m system'; \
	else $(BIN)/pytest tests/system -m system; fi

fuzz: $(BIN)/.dev-ready
	$(BIN)/python tests/security/fuzz.py $(FUZZ)

# Schemathesis needs other versions of what the project pins: it has an environment of its own.
api: $(BIN)/.dev-ready
	$(PYTHON) -m venv .venv-api
	.venv-api/bin/pip install --quiet schemathesis==4.32.5
	$(BIN)/python tests/system/api_fuzz.py --program .venv-api/bin/schemathesis $(API)

bombs: $(BIN)/.dev-ready
	$(BIN)/python tests/security/bombs.py --write benchmarks/results/security.md

audit: $(BIN)/.dev-ready
	$(BIN)/python tests/security/audit.py

parity: $(BIN)/.dev-ready
	$(BIN)/pytest tests/parity --reference $(REFERENCE) -p no:xdist

bench: $(BIN)/.dev-ready
	$(BIN)/python benchmarks/run.py $(BENCH)

bench-r: $(BIN)/.dev-ready
	apt-get update --quiet
	apt-get install --yes --no-install-recommends r-cran-glmnet r-cran-survival
	$(BIN)/python benchmarks/run.py $(BENCH)

# Goes on where it was stopped; REPEATS=3 for more than two, HONESTY=--table for the page alone.
REPEATS ?= 2
honesty: $(BIN)/.dev-ready
	$(BIN)/python benchmarks/honesty_learners.py --repeats $(REPEATS) $(HONESTY)

docs: $(BIN)/.dev-ready
	$(BIN)/python -m trephine.plan
	$(BIN)/python -m trephine.facts > docs/facts-schema.json
	$(BIN)/python -m trephine.study.locked > docs/bundle-schema.json

# numba sees that a file has changed, not that a kernel in another file which it calls has.
kernels:
	find src \( -name '*.nbi' -o -name '*.nbc' \) -delete

clean: kernels
	rm -rf $(VENV) .venv-api .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
