# make reproduce   the figures, tables and notebooks from data/synthetic into figures/ and reports/
# make test        the tests; ARGS="-k survival" passes options to pytest
# make test-slow   the simulations and whole grids that `make test` leaves out (over an hour)
# make test-spark  counts by Spark on this machine and by other engines (needs Java 17 or 21)
# make test-newest the tests with the newest release of each library, without the extra crosscheck
# make verify      the same outputs in a temporary folder, compared with what is committed
# make setup       only .venv, from requirements.lock
# make lint        ruff, the format, and the docstrings of the public names
# make reference   the R scripts that write the reference numbers (needs Rscript)
# make dist        wheel and sdist, into dist/, installed and used away from the repository
# make docs        the site, into docs/_build/html; warnings are errors
# make benchmark   what is timed; ARGS=--write keeps it in benchmarks/results.md and in README.md
# make catalogue   the messages that are translated, after a change of any; ARGS="--fill FILE"
# make lock        requirements.lock anew from pyproject.toml; ARGS=--upgrade takes newer versions
#
# Each creates .venv where it is missing. PYTHON=python3.12 chooses the interpreter for it.

SHELL := /bin/sh
.NOTPARALLEL:
.DEFAULT_GOAL := help

VENV := .venv
NEWEST := .venv-newest
SPARK := .venv-spark
STAMP := $(VENV)/.installed
SPARK_STAMP := $(SPARK)/.installed
RUN := $(VENV)/bin/python
# One process for each core; ARGS="-n 0" runs the tests one after another.
SPREAD := -n logical --dist worksteal
ARGS :=
# uv asks the index that pip is set to.
SAME_INDEX = index=$${PIP_INDEX_URL:-$$($(RUN) -m pip config get global.index-url 2>/dev/null || true)}; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$index}"; fi

SUPPORTED := import sys; sys.exit(not sys.version_info >= (3, 11))

# Spark's language; it runs on these versions.
JAVA := $(if $(JAVA_HOME),$(JAVA_HOME)/bin/)java
HAS_JAVA := $(JAVA) -version 2>&1 | grep -Eq 'version "(17|21)[."]'

.PHONY: help setup reproduce test test-newest test-slow test-spark has-java verify lint reference dist docs benchmark catalogue lock clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

setup: $(STAMP)

reproduce: $(STAMP)
	$(VENV)/bin/carstats reproduce $(ARGS)

test: $(STAMP)
	$(RUN) -m pytest $(SPREAD) $(ARGS)

test-slow: $(STAMP)
	$(RUN) -m pytest -m slow $(SPREAD) $(ARGS)

# lifelines holds pandas below 3, so the second program is left out; what needs it skips and says so.
test-newest: $(STAMP)
	@set -eu; \
	for python in $${PYTHON:-python3.14 python3.13 python3.12 python3}; do \
	    if "$$python" -c '$(SUPPORTED)' 2>/dev/null; then break; fi; \
	done; \
	$(SAME_INDEX); \
	"$$python" -m venv --clear $(NEWEST); \
	$(RUN) -m uv pip install --python $(NEWEST)/bin/python --quiet --upgrade -e '.[test]'; \
	"$$python" --version; \
	$(RUN) -m uv pip list --python $(NEWEST)/bin/python | grep -E '^(matplotlib|numpy|pandas|scipy) '
	CARSTATS_NEWEST=1 $(NEWEST)/bin/python -m pytest $(SPREAD) $(ARGS)

has-java:
	@$(HAS_JAVA) || { echo "make test-spark needs Java 17 or 21: put java on PATH, or set JAVA_HOME" >&2; exit 1; }

test-spark: has-java $(SPARK_STAMP)
	$(SPARK)/bin/python -m pytest -m spark $(ARGS) tests/spark

# Its wheel is made by the setuptools of the lock; the interpreter is that of .venv.
$(SPARK_STAMP): requirements-spark.lock | $(STAMP)
	@echo "Installing from requirements-spark.lock into $(SPARK)"
	@set -eu; \
	rm -rf $(SPARK); \
	$(RUN) -m venv --without-pip $(SPARK); \
	sed -n '/^setuptools==/,/[^\\]$$/p' requirements-spark.lock > $(SPARK)/setuptools.lock; \
	$(SAME_INDEX); \
	install="$(RUN) -m uv pip install --python $(SPARK)/bin/python --quiet --no-deps --require-hashes"; \
	$$install -r $(SPARK)/setuptools.lock; \
	$$install --no-build-isolation-package pyspark -r requirements-spark.lock
	@touch $@

verify: $(STAMP)
	$(VENV)/bin/carstats verify $(ARGS)

lint: $(STAMP)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest -q tests/test_structure.py -k docstring

reference:
	sh tests/reference/run.sh

dist: $(STAMP)
	rm -rf dist
	$(RUN) -m hatchling build
	@set -eu; $(SAME_INDEX); sh tests/installed/run.sh $(abspath $(RUN))

docs: $(STAMP)
	$(RUN) -m sphinx -q -W --keep-going -b html $(ARGS) docs docs/_build/html

benchmark: $(STAMP)
	$(RUN) -m benchmarks.run $(ARGS)

catalogue: $(STAMP)
	$(RUN) docs/translation/make_catalogue.py $(ARGS)

# One version of each library for every supported Python, so that all of them draw the same numbers.
lock: $(STAMP)
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(RUN) -m uv pip compile --quiet --universal \
	    --python-version 3.11 --fork-strategy fewest --all-extras --generate-hashes \
	    --no-emit-index-url --no-emit-find-links $(ARGS) -o requirements.lock pyproject.toml
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(RUN) -m uv pip compile --quiet --universal \
	    --python-version 3.11 --fork-strategy fewest --extra counts --group spark --generate-hashes \
	    --constraint requirements.lock --no-emit-index-url --no-emit-find-links $(ARGS) \
	    -o requirements-spark.lock pyproject.toml

clean:
	rm -rf $(VENV) $(NEWEST) $(SPARK) dist docs/_build docs/gallery .pytest_cache .ruff_cache .hypothesis

# uv comes from the lock, checked by its hash, and installs the rest; where it finds no index, pip does it.
# The interpreters are tried by running them: a version manager leaves names that only print an error.
$(STAMP): requirements.lock pyproject.toml
	@set -eu; \
	if ! $(RUN) -c '$(SUPPORTED)' 2>/dev/null; then \
	    found=; \
	    for python in $${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do \
	        if "$$python" -c '$(SUPPORTED)' 2>/dev/null; then found=$$python; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "carstats needs Python 3.11 or later; tried: $${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}." >&2; \
	        echo "Install one of them, or name it: make PYTHON=/path/to/python3.12 ..." >&2; \
	        exit 1; \
	    fi; \
	    echo "Creating $(VENV) with $$("$$found" --version)"; \
	    rm -rf $(VENV); \
	    "$$found" -m venv $(VENV) || { \
	        rm -rf $(VENV); \
	        echo "python -m venv failed; on Debian and Ubuntu: apt install python3-venv" >&2; \
	        exit 1; \
	    }; \
	fi
	@echo "Installing from requirements.lock"
	@set -eu; \
	export PIP_DISABLE_PIP_VERSION_CHECK=1; \
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.lock; \
	$(RUN) -m pip install --quiet --no-deps --require-hashes -r $(VENV)/uv.lock; \
	$(SAME_INDEX); \
	$(RUN) -m uv pip sync --python $(RUN) --quiet --compile-bytecode --require-hashes requirements.lock || { \
	    echo "uv could not install; trying pip" >&2; \
	    $(RUN) -m pip install --quiet --no-deps --require-hashes -r requirements.lock; \
	}
	@$(RUN) -m uv pip install --python $(RUN) --quiet --offline --no-deps --no-build-isolation -e .
	@touch $@
