#!/usr/bin/env bash
# Installs ResAtt Studio into .venv and runs the demo on the bundled photos and weights: no network and no GPU needed for the run.
# Arguments go to `resatt-studio demo`, for example: bash tools/demo.sh --out /tmp/demo --no-window
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bash tools/system-packages.sh
"${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet .
exec .venv/bin/resatt-studio demo "$@"
