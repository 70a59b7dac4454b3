#!/usr/bin/env bash
# The shop's search through gateway, function and PostgreSQL, and the same answered by the gateway's own process, on a twin
# that is started for it and removed: wrk on 16 kept connections.
#
#   tools/bench_books.sh [SECONDS]
set -euo pipefail
seconds=${1:-5}
base=${NETWORK_BASE:-70}
folder=$(mktemp -d /var/tmp/cloudshelf-bench-XXXXXX)
chmod 755 "$folder"
trap 'bin/cloudshelf down --wipe --data "$folder" --network-base "$base" >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
bin/cloudshelf up --data "$folder" --network-base "$base" 2>/dev/null
gateway=127.$((base + 1)).0.1:8080

ask() { # what, path
    wrk -t1 -c16 -d"$seconds" --latency "http://$gateway$2" | awk -v what="$1" '
        /50%/ { median = $2 } /99%/ { late = $2 } /Requests\/sec/ { rate = $2 } /Non-2xx/ { bad = $NF }
        END { printf "%-44s %9.0f/s, median %s, p99 %s, not 2xx: %s\n", what, rate, median, late, bad + 0 }'
}
ask "GET /books?q=war by a function" "/books?q=war&limit=5"
ask "GET /books/1 by a function" "/books/1"

# The same gateway without functions, beside the one of the twin.
python3 - "$folder/us-east-1/gateway.json" "$folder/plain.json" "127.$((base + 1)).0.1:8090" <<'P'
import json, sys
config = json.load(open(sys.argv[1]))
config.pop("functions")
config["listen"] = sys.argv[3]
json.dump(config, open(sys.argv[2], "w"))
P
bin/cloudshelf-region gateway --config "$folder/plain.json" >/dev/null 2>&1 &
plain=$!
trap 'kill $plain 2>/dev/null || true; bin/cloudshelf down --wipe --data "$folder" --network-base "$base" >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
gateway=127.$((base + 1)).0.1:8090
for _ in $(seq 100); do
    if curl -sf -o /dev/null "http://$gateway/health"; then break; fi
    sleep 0.1
done
ask "GET /books?q=war by the gateway's process" "/books?q=war&limit=5"
ask "GET /books/1 by the gateway's process" "/books/1"
