# Everything there is to do here. `make` alone lists it.
#
# Needed beforehand: Python >= 3.11 with its venv module, make, and the package index.

PYTHON ?= python3
export PIP_DISABLE_PIP_VERSION_CHECK = 1
VENV ?= .venv
BIN = $(VENV)/bin
OUT ?= demo_out

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench docs clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.installed  ## fine-tune a news classifier, explain it, save it (minutes)
	$(BIN)/kewen demo \
	  "The striker scored twice in the cup final on Saturday." \
	  "Shares fell after the bank cut its forecast for growth." \
	  "The new phone has a faster chip and a better camera." \
	  --out "$(OUT)" --overwrite

test: $(VENV)/.installed-dev  ## all tests that need neither network nor GPU
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

lint: $(VENV)/.installed-dev  ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: $(VENV)-bench/.installed  ## speed against peers, into benchmarks/RESULTS.md
	$(VENV)-bench/bin/python -m benchmarks.matmul_ceiling --write
	$(VENV)-bench/bin/python -m benchmarks.bert_forward --write
	$(VENV)-bench/bin/python -m benchmarks.bert_forward --bfloat16 --write
	$(VENV)-bench/bin/python -m benchmarks.finetune_minilm --write
	$(VENV)-bench/bin/python -m benchmarks.finetune_minilm --bfloat16 --write
	$(VENV)-bench/bin/python -m benchmarks.page_faults --write
	$(VENV)-bench/bin/python -m benchmarks.dropout --write
	$(VENV)-bench/bin/python -m benchmarks.embed_minilm --write
	$(VENV)-bench/bin/python -m benchmarks.start_up --write
	$(VENV)-bench/bin/python -m benchmarks.loading --write
	$(VENV)-bench/bin/python -m benchmarks.encoder_forward --write
	$(VENV)-bench/bin/python -m benchmarks.encoder_forward --shape 32x64 --write
	$(VENV)-bench/bin/python -m benchmarks.encoder_forward --openvino --write
	$(VENV)-bench/bin/python -m benchmarks.gguf_load --write
	$(VENV)-bench/bin/python -m benchmarks.decoding --write
	$(VENV)-bench/bin/python -m benchmarks.first_token --write
	$(VENV)-bench/bin/python -m benchmarks.continuous_batching --write
	$(VENV)-bench/bin/python -m benchmarks.long_cache --write
	$(VENV)-bench/bin/python -m benchmarks.int8_perplexity --write
	$(VENV)-bench/bin/python -m benchmarks.hsic_test --write
	$(VENV)-bench/bin/python -m benchmarks.stream_training --write
	$(VENV)-bench/bin/python -m benchmarks.convert_memory --write
	$(VENV)-bench/bin/python -m benchmarks.keras_powers --write

docs: $(VENV)/.installed-dev  ## that every link leads somewhere and every example parses
	$(BIN)/python -m pytest tests/docs

clean:  ## forget the environments and all that was built
	rm -rf "$(VENV)" "$(VENV)-bench" "$(VENV)-torch" "$(VENV)-tf" build dist .pytest_cache .ruff_cache

# Stamps: the second call is instant, and a change of pyproject.toml installs again.

$(VENV)/.made $(VENV)-bench/.made:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "kewen needs Python >= 3.11 with its venv module." \
	    "Received: $$("$(PYTHON)" --version 2>&1) ($(PYTHON))." \
	    "Name another one: make PYTHON=python3.12 ..." >&2; exit 2; }
	"$(PYTHON)" -m venv "$(@D)"
	@touch "$@"

$(VENV)/.installed: pyproject.toml $(VENV)/.made
	@echo "installing kewen into $(VENV), once (a few minutes)"
	$(BIN)/python -m pip install --quiet --editable .
	@touch "$@"

$(VENV)/.installed-dev: pyproject.toml $(VENV)/.made
	@echo "installing kewen and its tools into $(VENV), once (a few minutes)"
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch "$(VENV)/.installed" "$@"

$(VENV)-bench/.installed: pyproject.toml $(VENV)-bench/.made
	$(VENV)-bench/bin/python -m pip install --quiet --editable ".[bench,mining]"
	@touch "$@"
