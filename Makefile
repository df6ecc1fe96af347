# Every recipe sets up what it needs. `make help` lists them.
CALL ?= sample/call.mp3
DATA ?= ../shared/data
CONDITIONS ?=
MODEL ?=
LLM ?=
OBSERVE ?=
FEW_PROCESSES ?=
JOBS ?= 2
bin := .venv/bin

# Set in many containers: without bytecode every command compiles its imports again, one to two seconds each.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run stop status test test-fast test-slow test-faults test-attacks check lint lock lock-serve docs docs-site bench bench-quality bench-redaction bench-speed clean

help:  ## List the recipes
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv/.ready: requirements.lock pyproject.toml tools/setup.sh
	@tools/setup.sh

setup: .venv/.ready  ## Create .venv with every locked package

run: .venv/.ready  ## Start the graph and analyse a call (CALL=path/to/recording; MODEL=small; LLM=local: a language model in the graph; OBSERVE=1: with Prometheus beside it; FEW_PROCESSES=1: small stages in one)
	@$(bin)/callytics up $(if $(MODEL),--model "$(MODEL)") $(if $(LLM),--llm "$(LLM)") $(if $(OBSERVE),--observe) $(if $(FEW_PROCESSES),--few-processes)
	@$(bin)/callytics analyze --again --out results "$(CALL)"
	@$(bin)/callytics status

stop: .venv/.ready  ## End what `make run` started
	@$(bin)/callytics down

status: .venv/.ready  ## Every stage, healthy or not, and why
	@$(bin)/callytics status

test: .venv/.ready  ## Every test: style, types, units, contracts, real Ray with real models
	@$(bin)/python -m pytest -n $(JOBS) -m "not slow and not alone"; together=$$?; \
	    $(bin)/python -m pytest -m "not slow and alone" && exit $$together

test-fast: .venv/.ready  ## The tests that need neither Ray nor weights
	@$(bin)/python -m pytest -m "not e2e and not weights and not shared and not slow"

test-slow: .venv/.ready  ## The tests that build environments with torch: gigabytes, many minutes
	@$(bin)/python -m pytest -m slow

test-faults: .venv/.ready  ## Kill every part of a live graph in turn while calls stream in; a table of what was lost
	@CALLYTICS_FAULTS=all $(bin)/python -m pytest -s tests/faults tests/api/test_disk_full.py tests/e2e/test_postgresql.py

test-attacks: .venv/.ready  ## Attack a live graph on loopback as docs/security.md fears; a line per attack that it held
	@CALLYTICS_ATTACKS=all $(bin)/python -m pytest tests/attacks

check: lint test  ## Lint, types and tests

lint: .venv/.ready  ## ruff and mypy
	@$(bin)/ruff check . && $(bin)/ruff format --check . && $(bin)/mypy

lock: .venv/.ready  ## Rebuild requirements.lock from pyproject.toml
	@$(bin)/uv pip compile pyproject.toml --all-extras --generate-hashes --universal --python-version 3.11 \
	    --no-header -o requirements.lock --quiet

lock-serve: .venv/.ready  ## Write the versions of today's code and pins into the Serve files (after an edit or a merge)
	@$(bin)/python tools/make_ab_config.py
	@$(bin)/callytics lock serve_config.cpu.yaml serve_config.yaml serve_config.ab.yaml
	@$(bin)/python tools/make_rayservice.py

docs: .venv/.ready  ## Write what is generated under docs/: the result's page and schema, the picture of a report
	@$(bin)/python tools/make_result_docs.py
	@$(bin)/python tools/make_report_picture.py

docs-site: .venv/.ready  ## Build the documentation site into site/ (mkdocs.yml)
	@NO_MKDOCS_2_WARNING=1 $(bin)/mkdocs build --strict --quiet
	@echo "Open site/index.html, or run $(bin)/mkdocs serve"

bench-redaction: .venv/.ready  ## Recall and precision of PII redaction (docs/security.md)
	@$(bin)/python -m evaluation.redaction tests/data/pii_test.tsv

bench-quality: .venv/.ready  ## Recognition, diarization, text: writes docs/quality.md (needs DATA)
	@$(bin)/callytics eval $(DATA)

bench: .venv/.ready  ## Everything of docs/performance.md: two hours on two cores; each line is a command of its own
	@$(bin)/python -m benchmarks.speed --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.throughput all --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.beside_plain --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.engine_parts --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.batch_start --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.overhead --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.observability --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.scaling lengths 1 2 5 30 180 --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.scaling at-once 1 2 5 10 20 --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.stage_memory 2 20 60 --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.fairness --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.audio_opens 30 180 --conditions "$(CONDITIONS)"
	@$(bin)/callytics models pull local && $(bin)/python -m benchmarks.language_model --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.report

bench-speed: .venv/.ready  ## A 2-minute call through the graph; writes docs/performance.md from all that was measured
	@$(bin)/python -m benchmarks.speed --conditions "$(CONDITIONS)"
	@$(bin)/python -m benchmarks.report

clean:  ## Remove .venv and the state of local runs
	@rm -rf .venv .callytics results site tools/openapi/node_modules
