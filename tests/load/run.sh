#!/usr/bin/env bash
# Measures the server of a binary under load: run.sh [BINARY] [PART[=NUMBER] ...]
# Parts are load, soak, logins, ends, memory and timing, by default all; what NUMBER means stands at
# the top of each. The virtual environment is that of tests/clients: $CARNAC_VENV, by default
# target/clients-venv. $CARNAC_SEED names the draws.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
clients=$project/tests/clients
binary=${1:-$project/target/release/carnac}
venv=${CARNAC_VENV:-$project/target/clients-venv}

source "$project/tests/venv.sh"
environment "$venv" "$clients/requirements.txt"

parts=("${@:2}")
if [[ ${#parts[@]} -eq 0 ]]; then
    parts=(load soak logins ends memory timing)
fi

failed=0
for part in "${parts[@]}"; do
    arguments=("$here/${part%%=*}.py" "$binary")
    if [[ $part == *=* ]]; then
        arguments+=("${part#*=}")
    fi
    PYTHONPATH=$clients "$venv/bin/python" -B "${arguments[@]}" || failed=1
done
exit "$failed"
