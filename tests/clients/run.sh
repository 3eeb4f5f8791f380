#!/usr/bin/env bash
# Checks the binary with the clients that people use: run.sh [BINARY] [PART...]
# The virtual environment is $CARNAC_VENV, by default target/clients-venv.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
binary=${1:-$project/target/debug/carnac}
venv=${CARNAC_VENV:-$project/target/clients-venv}

source "$project/tests/venv.sh"
environment "$venv" "$here/requirements.txt"

shift || true
exec "$venv/bin/python" -B "$here/check.py" "$binary" "$@"
