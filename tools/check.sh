#!/usr/bin/env bash
# What has to hold before every push, in under two minutes: format, layers, headers that compile alone, unit tests.
# tools/check.sh PRESET
set -euo pipefail
preset=${1:-release}
step() {
    local started=$SECONDS name=$1
    shift
    "$@" || { echo "check: $name failed" >&2; exit 1; }
    echo "check: $name ($((SECONDS - started)) s)"
}
format() { git ls-files '*.cpp' '*.hpp' | xargs clang-format-19 --dry-run --Werror; }

step format format
step layers python3 tools/tidy.py
step headers cmake --build "build/$preset" --target all_verify_interface_header_sets
step "unit tests" ctest --test-dir "build/$preset" --output-on-failure -j "$(nproc)" -L unit
