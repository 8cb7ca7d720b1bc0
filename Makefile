# Set up, run and check Calcinosis Check. `make help` lists the targets.
# Needs Python >= 3.11 and make; everything else is brought at locked versions.
# A target does its work again only when what it is made from has changed.

HOST := $(or $(CALCINOSIS_HOST),127.0.0.1)
PORT ?= $(or $(CALCINOSIS_PORT),8000)
PIP := .build/bin/uv pip
PYTHON := .venv/bin/python
NPM := PATH="$(CURDIR)/.build/bin:$$PATH" npm
NPM_CI := $(NPM) ci --ignore-scripts --omit=optional --no-audit --no-fund --no-progress --loglevel=error
DEMO := env CALCINOSIS_VAR=$(CURDIR)/var-demo CALCINOSIS_DATABASE_URL= CALCINOSIS_HOST=$(HOST) CALCINOSIS_PORT=$(PORT) $(PYTHON) -m app
TEST_TOOLS := $(wildcard node_modules/ready-dev)
TESTS := $(PYTHON) -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder -m "not alone"
ALONE := $(PYTHON) -m pytest -m alone
COMPILE := $(PIP) compile --quiet --universal --generate-hashes --no-emit-index-url --no-header

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run demo setup test format check browser postgres caddy soak screenshots bench journeys safety lock image clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: .venv/ready static/vendor/nhsuk.css ## Set up and serve on http://127.0.0.1:8000 (PORT=... for another port)
	@exec $(PYTHON) -m app serve --host $(HOST) --port $(PORT)

demo: .venv/ready static/vendor/nhsuk.css ## Serve two clinics with made-up people, to try the nurse's side (in var-demo/)
	@$(DEMO) demo fill && exec $(DEMO) serve

setup: .venv/ready-dev node_modules/ready-dev static/vendor/nhsuk.css ## Set up for work on the code

test: setup browser postgres caddy check ## Set up and run every check: format, lint, types, tests, browser tests
	@status=0; $(TESTS) || status=$$?; $(ALONE) && exit $$status

check: .venv/ready-dev ## Only format, lint and types
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy

format: .venv/ready-dev ## Put the code into its format and mend what lint can mend
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format

browser: .venv/ready-dev ## Bring a Chromium for the browser tests
	@sh scripts/machine.sh chromium

postgres: ## Bring a PostgreSQL for the tests of the store
	@sh scripts/machine.sh postgresql

caddy: ## Bring a Caddy for the tests of deployment
	@sh scripts/machine.sh caddy

soak: setup browser postgres caddy ## All tests at full size; keeps the results in soak-results.md
	sh scripts/soak.sh

screenshots: setup browser ## Take a picture of every page into screenshots/
	$(PYTHON) -m scripts.screenshots

bench: setup ## Measure speed (benchmarks/)
	@set -e; for script in benchmarks/[!_]*.py; do echo "== $$script"; $(PYTHON) -m benchmarks.$$(basename "$$script" .py); done

journeys: setup browser ## A nurse's clicks and keys; patients' taps and screens on a phone, beside an early edition
	$(PYTHON) -m benchmarks.journeys

safety: setup ## Prove and measure the rules anew; write what /safety shows
	$(PYTHON) -m app rules mutate --json > .build/mutants.json
	$(PYTHON) -m app safety build --mutants .build/mutants.json

image: ## Build the container image
	docker build --tag calcinosis-check .

lock: .build/ready ## Make the lock files anew from pyproject.toml and package.json
	$(COMPILE) $(UPGRADE) --group uv -o requirements-uv.txt
	$(COMPILE) $(UPGRADE) --group node -o requirements-node.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra postgres -o requirements.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra postgres --extra proof --group dev -c requirements.txt -o requirements-dev.txt
	$(NPM) install --package-lock-only --no-progress

clean: ## Remove all that set-up made (not var/, where the key and the database are)
	rm -rf .build .venv node_modules static/vendor

# uv and Node: the machine's own, or brought into .build/.
.build/ready: scripts/tools.sh requirements-uv.txt requirements-node.txt
	@sh scripts/tools.sh
	@touch $@

.venv/bin/python: | .build/ready
	.build/bin/uv venv --quiet --allow-existing --python "$$(cat .build/python)" .venv

# The packages to run; a set-up for work holds them too, so the two never undo each other.
.venv/ready: requirements.txt pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --python $(PYTHON) --compile-bytecode --require-hashes -r requirements.txt
	$(PIP) install --quiet --python $(PYTHON) --no-deps --editable .
	@touch $@

.venv/ready-dev: requirements-dev.txt requirements.txt pyproject.toml | .venv/bin/python
	$(PIP) sync --quiet --python $(PYTHON) --compile-bytecode --require-hashes requirements-dev.txt
	$(PIP) install --quiet --python $(PYTHON) --no-deps --editable .
	@touch .venv/ready $@

# package-lock.json holds the hash of every package; npm refuses one that differs. To run, only
# what static/vendor/ is built from; `npm ci` starts from nothing, so test tools that are there are brought again.
node_modules/ready: package.json package-lock.json .npmrc | .build/ready
	$(NPM_CI) $(if $(TEST_TOOLS),,--omit=dev)
	@touch $@ $(TEST_TOOLS)

node_modules/ready-dev: package.json package-lock.json .npmrc | .build/ready
	$(NPM_CI)
	@touch node_modules/ready $@

# The design system holds far more than our pages use: what no page names is left out.
PAGES := $(wildcard templates/*.html templates/*/*.html)

static/vendor/nhsuk.css: node_modules/ready static/vendor.scss static/_vendor-components.scss $(PAGES)
	@rm -rf static/vendor && mkdir -p static/vendor
	@cp node_modules/htmx.org/dist/htmx.min.js node_modules/htmx.org/dist/ext/hx-csp.min.js static/vendor/
	.build/bin/node node_modules/sass/sass.js --style=compressed --no-source-map --load-path=node_modules static/vendor.scss $@
	@.build/bin/node node_modules/purgecss/bin/purgecss.js --css $@ --output $@ --content $(PAGES) static/app.js
