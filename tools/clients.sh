#!/usr/bin/env bash
# Installs the clients of tests/conformance that come from npm into var/clients, when they are not there as package.json
# wants them. Without npm, or out of its reach, their tests are skipped and say so.
set -euo pipefail
cd "$(dirname "$0")/.."

for wanted in tests/conformance/*/package.json; do
    name=$(basename "$(dirname "$wanted")")
    folder=var/clients/$name
    cmp --silent "$wanted" "$folder/installed.json" && continue
    if ! command -v npm >/dev/null; then
        echo "setup: no npm: the clients of $name are not installed"
        continue
    fi
    mkdir -p "$folder"
    cp "$wanted" "$folder/package.json"
    if npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$folder" >/dev/null 2>&1; then
        cp "$wanted" "$folder/installed.json"
        echo "setup: the clients of $name are installed"
    else
        echo "setup: npm could not install the clients of $name"
    fi
done
