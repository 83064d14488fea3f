# Two commands do everything: `make serve` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: setup setup-dev serve doctor test lint bench music-report examples clean

setup: $(VENV)/.serve
setup-dev: $(VENV)/.dev

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ $(VENV)/.serve

serve: setup
	$(BIN)/midinfinite-osc serve $(ARGS)

doctor: setup
	$(BIN)/midinfinite-osc doctor

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	sh tests/install_clients.sh
	$(BIN)/python -m pytest --numprocesses 2 $(ARGS)

bench: setup-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
# without these flags gcc takes AMX's tile configuration for dead stores, and llama.cpp crashes where there is AMX
	CXXFLAGS='-fno-dse -fno-tree-dse' CMAKE_ARGS=-DGGML_NATIVE=ON $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-binary llama-cpp-python 'llama-cpp-python>=0.3.36' || echo 'llama.cpp could not be built: left out'
	$(BIN)/python -m benchmarks.decode $(ARGS)

music-report: setup-dev
# the validation corpus, where it is at hand: make music-report ARGS='--corpus valid.npz'
	$(BIN)/python -m benchmarks.music $(ARGS)

# the example performances of both clients as examples/*/performance.wav, and as .ogg for README.md
examples: setup-dev
	sh tests/install_clients.sh
	$(BIN)/python -m examples.record_supercollider
	$(BIN)/python -m examples.record_sonic_pi

clean:
	rm -rf $(VENV) dist build .cache
