# Thin: each target says what it did and how long it took. Settings of your own go into Makefile.local.
-include Makefile.local
SHELL := /bin/bash
PRESET ?= release
JOBS ?= $(shell nproc)
timed = @start=$$(date +%s); $(2); status=$$?; echo "make $(1): $$(( $$(date +%s) - start )) s"; exit $$status

.PHONY: replay setup configure build test check lint fuzz demo simulate bench bench-failover bench-probes bench-store bench-control bench-witness bench-log bench-wire bench-tables bench-objects bench-functions clean format asan tsan
setup:
	@tools/setup.sh
	@tools/clients.sh

configure: setup
	@[ -f build/$(PRESET)/build.ninja ] || cmake --preset $(PRESET) >/dev/null

build: configure
	$(call timed,build,cmake --build build/$(PRESET) -j $(JOBS))

test: build
	$(call timed,test,ctest --test-dir build/$(PRESET) --output-on-failure -j $(JOBS))

check: build
	$(call timed,check,tools/check.sh $(PRESET))

asan tsan:
	@$(MAKE) --no-print-directory build PRESET=$@
	$(call timed,$@,ctest --test-dir build/$@ --output-on-failure -j $(JOBS) -L unit)

# Slower than `make check`, so apart from it: clang-tidy over every file.
lint: build
	$(call timed,lint,git ls-files 'src/*.cpp' | xargs -P $(JOBS) -n 4 clang-tidy-19 -p build/$(PRESET) --quiet)

# Each fuzzer for a while; what it finds new stays in fuzz/corpora, a crash is left beside it and fails the target.
FUZZ_SECONDS ?= 30
fuzz: setup
	@[ -f build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
	$(call timed,fuzz,cmake --build build/fuzz --target fuzzers -j $(JOBS) && tools/fuzz.sh build/fuzz/fuzzers $(FUZZ_SECONDS))

format:
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format-19 -i

demo: build
	@bin/cloudshelf demo

# The same losses of a region in the simulator and on the twin, compared: about 45 s each, so not part of `make test`.
REPLAYS ?= 50
replay: build
	$(call timed,replay,CLOUDSHELF_REPLAYS=$(REPLAYS) build/$(PRESET)/tests/replay_livetest)

# The core in worlds of virtual time, each from a seed.
SEEDS ?= 10000
simulate: build
	@bin/cloudshelf simulate --seeds $(SEEDS)

clean:
	rm -rf build bin

# Docs of figures: docs/benchmarks.md. Each run is a fresh twin; 20 runs take about ten minutes.
RUNS ?= 20
bench-failover: build
	$(call timed,bench-failover,bin/cloudshelf bench-failover --runs $(RUNS))

# About four minutes; peers that are not installed are left out.
bench-probes: build
	$(call timed,bench-probes,bin/cloudshelf bench-probes)

# The state stores beside each other: docs/decisions/0008-etcd-json-gateway.md has the figures.
bench-store: build
	$(call timed,bench-store,build/$(PRESET)/tests/store_bench)

# About six minutes; as root on a machine of 256 MiB made by a control group.
bench-witness: build
	$(call timed,bench-witness,bin/cloudshelf bench-witness)

# A thousand applications on one control plane, about five minutes.
bench-control: build
	$(call timed,bench-control,bin/cloudshelf bench-control)

# Acknowledged writes per second, and what each costs: docs/decisions/0014-rocksdb-change-log.md has the figures.
bench-log: build
	$(call timed,bench-log,build/$(PRESET)/tests/log_bench)

# What a signature and DynamoDB's formats cost for an item of 898 bytes: src/wire/dynamodb/README.md has the figures.
bench-wire: configure
	@cmake --build build/$(PRESET) -j $(JOBS) --target wire_bench
	$(call timed,bench-wire,$$(find build/$(PRESET) -name wire_bench -type f))

# The service over HTTP, beside npm's dynalite; about six minutes, most of them for ten million items.
TABLES_ITEMS ?= 10000000
bench-tables: configure
	@[ -d var/peers/node_modules/dynalite ] || npm install --silent --no-fund --no-audit --prefix var/peers dynalite@4.0.0 || true
	@cmake --build build/$(PRESET) -j $(JOBS) --target tables_service_bench
	$(call timed,bench-tables,$$(find build/$(PRESET) -name tables_service_bench -type f) --items $(TABLES_ITEMS) --dynalite var/peers/node_modules/dynalite/cli.js --sdk var/clients/dynamodb)

# Objects over HTTP, replicated between two regions, beside rclone, cp and nginx; about five minutes.
OBJECTS_LISTED ?= 1000000
OBJECTS_HUGE_MIB ?= 5120
bench-objects: configure
	@cmake --build build/$(PRESET) -j $(JOBS) --target objects_service_bench
	$(call timed,bench-objects,$$(find build/$(PRESET) -name objects_service_bench -type f) --listed $(OBJECTS_LISTED) --huge-mib $(OBJECTS_HUGE_MIB))

# Functions: processes alone, Lambda's API in front of them, and the shop's search through DNS name, gateway, function and
# PostgreSQL on a twin of its own.
bench-functions: build
	@cmake --build build/$(PRESET) -j $(JOBS) --target environments_bench functions_service_bench
	$(call timed,bench-functions,$$(find build/$(PRESET) -name environments_bench -type f) && $$(find build/$(PRESET) -name functions_service_bench -type f) && tools/bench_books.sh)

bench: bench-failover bench-probes bench-store bench-control bench-witness bench-log bench-wire bench-tables bench-objects bench-functions
