#!/usr/bin/env bash
# Lint, types, tests and doc examples, in a virtual environment of its own.
set -euo pipefail
cd "$(dirname "$0")"
venv=${MESIC_VENV:-.venv}
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
unset PYTHONDONTWRITEBYTECODE   # each of the many processes would compile every module again
"$venv/bin/ruff" format --check --quiet .
"$venv/bin/ruff" check --quiet .
"$venv/bin/mypy"
"$venv/bin/python" -m pytest --numprocesses 2 --dist worksteal --quiet
