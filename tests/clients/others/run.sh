#!/usr/bin/env bash
# Checks the binary with the other clients that people use: run.sh [BINARY] [CLIENT...]
# What is installed goes to target/others-venv, target/others-dbt-venv and target/others-node; dbt and the
# packages of Node.js are left out where they cannot be installed, and then said not to be run.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../../.." && pwd)
binary=${1:-$project/target/debug/carnac}
venv=${CARNAC_OTHERS_VENV:-$project/target/others-venv}
export CARNAC_DBT_VENV=${CARNAC_DBT_VENV:-$project/target/others-dbt-venv}
modules=${CARNAC_OTHERS_NODE:-$project/target/others-node}
export CARNAC_NODE_MODULES=$modules/node_modules

# Makes a virtual environment of what a requirements file names, unless it is made: FOLDER FILE [STAMPED...]
environment() {
    local folder=$1 file=$2 wanted
    shift
    wanted=$(cat "$@" | sha256sum)
    [[ -f $folder/requirements.sha256 && $(<"$folder/requirements.sha256") == "$wanted" ]] && return
    rm -rf "$folder"
    python3 -m venv "$folder" &&
        "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$file" &&
        printf '%s\n' "$wanted" >"$folder/requirements.sha256"
}

# Installs the packages of Node.js as package-lock.json names them, unless they are installed.
packages() {
    local wanted
    wanted=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum)
    [[ -f $modules/packages.sha256 && $(<"$modules/packages.sha256") == "$wanted" ]] && return
    rm -rf "$modules"
    mkdir -p "$modules" &&
        cp "$here/package.json" "$here/package-lock.json" "$modules" &&
        npm --prefix "$modules" ci --silent --ignore-scripts --no-audit --no-fund &&
        printf '%s\n' "$wanted" >"$modules/packages.sha256"
}

environment "$venv" "$here/requirements.txt" "$here/../requirements.txt"
environment "$CARNAC_DBT_VENV" "$here/requirements-dbt.txt" || rm -rf "$CARNAC_DBT_VENV"
packages || rm -rf "$modules"

shift || true
exec "$venv/bin/python" -B "$here/others.py" "$binary" "$@"
