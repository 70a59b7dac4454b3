#!/usr/bin/env bash
# Installs what the build, the tests and the demo need, and nothing when nothing is missing.
# Leaves every distribution service as it found it: what ran goes on, what did not run is neither started nor enabled.
set -euo pipefail

packages=(
    # compiler and build
    clang-19 lld-19 libclang-rt-19-dev clang-format-19 clang-tidy-19 cmake ninja-build ccache make python3 git
    # libraries
    libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libssl-dev libsodium-dev libpq-dev libsqlite3-dev
    libpugixml-dev libarchive-dev libfyaml-dev libldns-dev librocksdb-dev zlib1g-dev libfmt-dev libcli11-dev libgtest-dev libgmock-dev libbenchmark-dev
    # servers that the twin and the tests run, never as services
    postgresql-15 postgresql-client-15 pdns-server pdns-backend-sqlite3 sqlite3 etcd-server etcd-client nginx
    # clients that the tests point at us
    awscli python3-boto3 pgbackrest curl
    # what the benchmarks of objects are compared with, and their client
    rclone wrk
)
services=(postgresql pdns etcd nginx)

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "setup: nothing is missing (${#packages[@]} packages)"
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup: needs root or sudo to install: ${missing[*]}" >&2; exit 77; }
    as_root=(sudo)
fi
echo "setup: installing ${#missing[@]} packages: ${missing[*]}"

# While we install, no package may start its service: policy-rc.d answers 101 ("not allowed", Debian Policy 9.3.3),
# and systemd's enablement is put back to what it was. A machine's own policy-rc.d is moved aside and put back.
policy=/usr/sbin/policy-rc.d
saved=
if [ -e "$policy" ]; then
    saved=$policy.before-cloudshelf
    "${as_root[@]}" mv "$policy" "$saved"
fi
enabled_before=()
if command -v systemctl >/dev/null; then
    for service in "${services[@]}"; do
        systemctl is-enabled --quiet "$service" 2>/dev/null && enabled_before+=("$service")
    done
fi
restore() {
    "${as_root[@]}" rm -f "$policy"
    [ -z "$saved" ] || "${as_root[@]}" mv "$saved" "$policy"
}
trap restore EXIT
printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
"${as_root[@]}" chmod 755 "$policy"

# The twin makes its own clusters; the package's "main" cluster would be one more server to start at boot.
"${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
if [ ! -e /usr/lib/postgresql/15/bin/postgres ]; then
    echo 'create_main_cluster = false' |
        "${as_root[@]}" tee /etc/postgresql-common/createcluster.d/cloudshelf.conf >/dev/null
fi

export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null

if command -v systemctl >/dev/null; then
    for service in "${services[@]}"; do
        case " ${enabled_before[*]-} " in *" $service "*) continue ;; esac
        for was_missing in "${missing[@]}"; do
            case "$was_missing" in "$service"*) "${as_root[@]}" systemctl disable --quiet "$service" 2>/dev/null || true ;; esac
        done
    done
fi
echo "setup: done"
