#!/usr/bin/env bash
# Installs everything the tests need into .venv, then runs lint, types, import contracts and the whole suite.
# Arguments go to pytest, for example: bash tools/check.sh tests/imaging -k tiles
# The suite runs in a process for each core, four at most; "-n 0" as the last argument runs it in one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash tools/system-packages.sh --with-x-server
"${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet --editable '.[dev]'

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/lint-imports
QT_QPA_PLATFORM="${QT_QPA_PLATFORM:-offscreen}" .venv/bin/python -m pytest \
  --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder "$@"
