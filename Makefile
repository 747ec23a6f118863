# make demo    build, let a sample class hand in, grade it, report
# make test    what a change can break; make test ARGS="-k lenet" hands words to pytest
# make quick   the inner loop: parser, codec, compare, verdict, diagnosis, one lesson
# make test-all  everything: all mutants, attacks, finished notebooks and browsers, too
# make lab     JupyterLab for a student
# make build   lessons: course/ -> source/ and release/
# make site    the lessons as a website, in site/: begin with site/index.html
# make check   ruff, mypy and codespell
# make format  let ruff put the code in order
# make bench   benchmarks
# make clean   remove what was built, but no student's work

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
QUICK := test_parser.py test_codec.py test_compare.py test_check.py test_evidence.py test_verdict.py \
  test_diagnosis.py test_hints.py test_progress.py test_evidence_records.py test_plain_cells.py test_notebooks.py test_imports.py \
  test_one_lesson.py
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test quick test-all lab build site check format bench clean

demo: $(INSTALLED)
	@$(BIN)/python -m grader demo

PYTEST = $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

test: $(INSTALLED)
	@$(PYTEST) -m "not sweep" $(ARGS)

quick: $(INSTALLED)
	@$(PYTEST) -m "not sweep and not slow" $(addprefix tests/,$(QUICK)) dlcore grader $(ARGS)

test-all: $(INSTALLED)
	@$(PYTEST) $(ARGS)

lab: $(INSTALLED)
	@$(BIN)/python -m grader lab

build: $(INSTALLED)
	@$(BIN)/python -m grader build

site: $(INSTALLED)
	@$(BIN)/python -m grader site

check: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/codespell

format: $(INSTALLED)
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: $(INSTALLED)
	@for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean:
	rm -rf .cache demo site build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Installs again when the list of packages changes.
$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing packages into .venv (once) ..."
	@$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
