#!/usr/bin/env bash
# Checks what a carnac binary answers to random queries, against itself and against DuckDB:
#     run.sh BINARY [COUNT [SEED]]
# COUNT queries of logic.py (10000), a fifth of that of differential.py. The virtual environment is
# $CARNAC_VENV, by default target/clients-venv, which `make clients` makes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
binary=${1:-$project/target/release/carnac}
count=${2:-10000}
seed=${3:-$RANDOM}
python=${CARNAC_VENV:-$project/target/clients-venv}/bin/python
export PYTHONPATH=$project/tests/clients

status=0
"$python" -B "$here/logic.py" "$binary" "$count" "$seed" || status=1
"$python" -B "$here/differential.py" "$binary" "$((count / 5))" "$seed" || status=1
exit "$status"
