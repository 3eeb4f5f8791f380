#!/usr/bin/env bash
# Asks a carnac binary the 22 queries of TPC-H by Flight SQL, and compares with DuckDB:
#     tpch.sh BINARY [SCALE]
# The virtual environment is target/tpch-venv, made when it is not there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
binary=${1:-$project/target/release/carnac}
venv=$project/target/tpch-venv

source "$project/tests/venv.sh"
environment "$venv" "$here/requirements.txt"

export PYTHONPATH=$project/tests/clients
exec "$venv/bin/python" -B "$here/tpch.py" "$binary" "${@:2}"
