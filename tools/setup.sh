#!/bin/sh
# Sets up .venv from requirements.lock: the whole CPU set-up, about 130 wheels. Called by make; safe to run again.
# Needs Python 3.11 and a package registry; neither root, nor a compiler, nor a system ffmpeg.
set -eu
cd "$(dirname "$0")/.."

python=""
for candidate in python3.11 python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Callytics needs Python 3.11 (found: $(python3 --version 2>&1 || echo none))." >&2
    echo "Install it (Debian 12: apt-get install python3 python3-venv), or put a python3.11 on the PATH." >&2
    exit 1
fi

if [ ! -x .venv/bin/python ]; then
    echo "[setup] creating .venv with $("$python" --version)"
    if ! "$python" -m venv .venv 2>/dev/null; then
        rm -rf .venv
        echo "Python's venv module does not work here. On Debian or Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
fi

# uv installs the lock in seconds, pip in about two minutes. uv does not read pip's configuration, so where the
# registry is a mirror that only pip knows, pip does it.
if [ ! -x .venv/bin/uv ]; then
    echo "[setup] installing uv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9 || true
fi
echo "[setup] installing $(grep -c '^[a-z0-9].*==' requirements.lock) locked packages"
if ! { [ -x .venv/bin/uv ] && .venv/bin/uv pip install --python .venv/bin/python --quiet --require-hashes -r requirements.lock; }; then
    echo "[setup] uv could not; trying pip (about two minutes)"
    .venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
fi
# compat: the folder itself is on the path, so that evaluation/ and benchmarks/, which are in no wheel, are found as well.
echo "[setup] installing callytics"
if ! { [ -x .venv/bin/uv ] && .venv/bin/uv pip install --python .venv/bin/python --quiet --no-deps --config-setting editable_mode=compat --editable .; }; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --config-settings editable_mode=compat --editable .
fi
touch .venv/.ready
