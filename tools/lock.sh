#!/usr/bin/env bash
# Compiles requirements/*.in into locks with hashes and without addresses: any index that has the same files serves.
set -euo pipefail
cd "$(dirname "$0")/../requirements"
command -v uv >/dev/null || { echo "xuliu: uv was not found; install it (pip install uv) and run make lock again." >&2; exit 1; }
compile() {
    uv pip compile --quiet --python ../.venv/bin/python --generate-hashes --no-emit-index-url --no-emit-find-links \
        --custom-compile-command "make lock" "$@"
}
compile base.in --output-file base.txt
compile base.in test.in --output-file test.txt
