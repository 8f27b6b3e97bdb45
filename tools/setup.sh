#!/usr/bin/env bash
# Makes .venv with the locked dependencies and the `xuliu` command. Usage: tools/setup.sh base|test
# Quick when nothing changed: the stamp's name is the hash of the lock and of what decides the command.
set -euo pipefail
cd "$(dirname "$0")/.."

lock="requirements/${1:?base or test}.txt"
venv=".venv"
python="${PYTHON:-python3}"

fail() {
    echo "xuliu: $*" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "$python was not found; install Python 3.11 or newer (Debian: apt install python3 python3-venv)."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "$("$python" --version) is too old; Xuliu needs 3.11 or newer (make PYTHON=/path/to/python3 …)."

want=$({ cat "$lock" pyproject.toml tools/setup.sh; "$python" -c 'import sys; print(sys.version)'; pwd; } | sha256sum | cut -c1-16)
stamp="$venv/.stamp-$1-$want"
# What the tests need contains what running needs, so a test stamp also stands for the base one.
[ -e "$stamp" ] && exit 0

mkdir -p "$venv" 2>/dev/null || fail "$PWD cannot be written to; clone Xuliu into a folder of your own."
if command -v flock >/dev/null; then
    exec 9>"$venv.lock"
    flock 9
    rm -f "$venv.lock"
fi
[ -e "$stamp" ] && exit 0

if [ ! -x "$venv/bin/python" ] || [ ! -x "$venv/bin/pip" ]; then
    echo "xuliu: making $venv"
    "$python" -m venv --clear "$venv" \
        || fail "python3 cannot make virtual environments; install venv (Debian: apt install python3-venv)."
fi

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1
echo "xuliu: installing $lock"
"$venv/bin/pip" install -qq --require-hashes --only-binary :all: -r "$lock" \
    || fail "the locked dependencies could not be installed; see pip's message above."
"$venv/bin/pip" install -qq --no-deps --no-build-isolation --editable . \
    || fail "the xuliu command could not be installed; see pip's message above."
rm -f "$venv/.stamp-$1-"*
touch "$stamp"
