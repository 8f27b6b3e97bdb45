#!/usr/bin/env bash
# Sees to the Debian packages that the browser tests need: as root installs them, otherwise prints on
# standard output what is left out (nothing when all is there).
set -euo pipefail

missing=()
command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || missing+=(chromium-headless-shell)
fc-list :lang=zh-cn 2>/dev/null | grep -q . || missing+=(fonts-noto-cjk)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "xuliu: installing ${missing[*]}" >&2
    export DEBIAN_FRONTEND=noninteractive
    fetch() { apt-get install -qq -y --no-install-recommends fontconfig "$@" >/dev/null; }
    # An older mirror has the browser with windows alone.
    if apt-get update -qq >&2 && { fetch "${missing[@]}" || fetch "${missing[@]/chromium-headless-shell/chromium}"; }; then
        exit 0
    fi
fi
echo "browser tests (to run them: apt install ${missing[*]})"
