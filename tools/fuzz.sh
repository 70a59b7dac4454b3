#!/usr/bin/env bash
# Runs every fuzzer for some seconds on its corpus: tools/fuzz.sh FOLDER-OF-FUZZERS SECONDS
set -euo pipefail
for fuzzer in "$1"/*_fuzz; do
    name=$(basename "$fuzzer")
    corpus=fuzz/corpora/$name
    found=build/fuzz/found/$name
    mkdir -p "$corpus" "$found"
    log=build/fuzz/$name.log
    if ! "$fuzzer" -max_total_time="$2" -timeout=5 -rss_limit_mb=2048 -max_len=65536 -artifact_prefix="$found/crash-" \
        "$found" "$corpus" >"$log" 2>&1; then
        tail -40 "$log" >&2
        echo "fuzz: $name failed; the input lies in $found" >&2
        exit 1
    fi
    echo "fuzz: $name: $(grep -oE 'Done [0-9]+ runs' "$log" | tail -1), $(grep -oE 'cov: [0-9]+' "$log" | tail -1)"
done
