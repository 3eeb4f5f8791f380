#!/usr/bin/env bash
# Checks the binary with the clients that people use: run.sh [BINARY]
# The virtual environment is $CARNAC_VENV, by default target/clients-venv.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
binary=${1:-$project/target/debug/carnac}
venv=${CARNAC_VENV:-$project/target/clients-venv}
wanted=$(sha256sum <"$here/requirements.txt")
stamp=$venv/requirements.sha256

if [[ ! -f $stamp || $(<"$stamp") != "$wanted" ]]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    printf '%s\n' "$wanted" >"$stamp"
fi

exec "$venv/bin/python" -B "$here/check.py" "$binary"
