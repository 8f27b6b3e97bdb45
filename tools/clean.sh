#!/usr/bin/env bash
# Stops what runs out of build/ and removes build/.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -d build ] || exit 0
if [ -x .venv/bin/python ]; then
    .venv/bin/python -m xuliu.config.embedded remove build
fi
rm -rf build
