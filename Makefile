# nnexp: `make run`, `make test`, `make install`. Every target installs what is missing first.

PREFIX ?= /usr/local
FILE ?= experiments/xor.yaml
PACKAGES = libyaml-dev libopenblas0-pthread zlib1g-dev libssl3
BUILD = .build/release/nnexp

.PHONY: run build test test-faults test-proof test-clusters test-reports test-outputs test-export test-operators test-editors test-browser test-serve man test-arm64 test-elsewhere deb tarball wheel docs lint format install uninstall deps \
  experiments sweeps plugins documents pictures tables clean \
  bench bench-scale bench-deps bench-instructions bench-instructions-record bench-formulas \
  bench-memory bench-reading bench-products

run: build
	$(BUILD) run $(FILE)

build: deps .build/release/complete

# Asking `swift build` whether anything has changed takes seconds. The folders are listed too, because
# their times change if a file is removed. The guide is not compiled.
SOURCES = $(shell find Sources plugins/Standard -not -path '*.docc/*')

.build/release/complete: Package.swift $(SOURCES) | deps
	swift build -c release --product nnexp
	swift build -c release --product nnexp-serve
	swift build -c release --product nnexp-onnx
	swift build -c release --product nnexp-mlflow
	@touch $@

# The release build is for the tests that measure it.
test: build
	swift test

# The tests of faults at every operation, moment and byte that `make test` samples.
# Tests/README.md lists the test of each fault.
FAULTS = KillTests|DiskTests|SignalTests|StreamTests|ResumeTests|DeterminismTests|EnvironmentTests
BYTE_FAULTS = ByteTextTests|ShellQuotingTests|NameTests|ArgumentTests|OutputTests|LargeModelTests
TRUST_FAULTS = ChangedDataTests|TrustTests|PluginCacheTests
FILE_FAULTS = RecordFaultTests|RecordReaderTests|AtomicWriteTests|OutputFaultTests
TEXT_FAULTS = ArrayScriptTests|SweepReportTests|SweepTableTests|RunComparisonTests|GradientReportTests|PageTests|LabelsTests|OverrideTests|SweepDeclarationTests
MORE_FAULTS = FuzzedInputTests|TruncatedFileTests|RefusedMemoryTests|LongRunTests|CommandLineTests.FaultTests|Plugin[A-Za-z]*FaultTests|SweepFaultTests

test-faults: build
	NNEXP_FAULTS=all swift test --filter "RunningTests|ResultsTests" --filter "$(FAULTS)" \
	  --filter "$(MORE_FAULTS)" --filter "$(BYTE_FAULTS)|$(TRUST_FAULTS)" \
	  --filter "$(FILE_FAULTS)|$(TEXT_FAULTS)"

# Sweeps on a Slurm cluster of one node, by GNU parallel, and as Kubernetes would run them; checks
# the manifest against Kubernetes' schema. Starts Slurm as root.
CLUSTER_PACKAGES = slurm-wlm munge parallel procps python3-venv

test-clusters: build
	@$(MAKE) --no-print-directory deps PACKAGES="$(CLUSTER_PACKAGES)" APT=--no-install-recommends
	@$(MAKE) --no-print-directory .build/python/Clusters/complete
	timeout --kill-after=10 180 Tests/Clusters/slurm $(BUILD)
	timeout --kill-after=10 90 Tests/Clusters/parallel $(BUILD) .build/python/Clusters/bin/kubernetes-validate

# A Python environment with the packages that a test's requirements.txt lists.
.build/python/%/complete: Tests/%/requirements.txt
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# Reads the reports for CI servers with other programs.
test-reports: build
	@$(MAKE) --no-print-directory deps PACKAGES="python3-venv"
	@$(MAKE) --no-print-directory .build/python/Reports/complete
	.build/python/Reports/bin/python Tests/Reports/junit.py $(BUILD)

# Computes the outputs of every shipped experiment again with NumPy and pandas.
test-outputs: build
	@$(MAKE) --no-print-directory deps PACKAGES="python3-venv"
	@$(MAKE) --no-print-directory .build/python/Outputs/complete
	.build/python/Outputs/bin/python Tests/Outputs/outputs.py $(BUILD)

# Reads exported models and weights with ONNX, onnxruntime, safetensors and NumPy.
test-export: build
	@$(MAKE) --no-print-directory deps PACKAGES="python3-venv"
	@$(MAKE) --no-print-directory .build/python/Export/complete
	.build/python/Export/bin/python Tests/Export/export.py $(BUILD)

# Writes ONNX's published operator tests as experiments, compares the values, and writes the guide's
# table of them.
test-operators: build
	@$(MAKE) --no-print-directory deps PACKAGES="python3-venv"
	@$(MAKE) --no-print-directory .build/python/Export/complete
	.build/python/Export/bin/python Tests/Export/operators.py $(BUILD)

# Checks the schema with check-jsonschema, and the language server with pygls and Neovim.
EDITED = NNEXP=$(CURDIR)/$(BUILD) EXPERIMENTS=$(CURDIR)/experiments
EDITS ?= 100000

test-editors: build
	@$(MAKE) --no-print-directory deps PACKAGES="python3-venv neovim" APT=--no-install-recommends
	@$(MAKE) --no-print-directory .build/python/Editors/complete
	.build/python/Editors/bin/python Tests/Editors/schema.py $(BUILD)
	$(EDITED) .build/python/Editors/bin/python -m pytest -q -p no:cacheprovider -o asyncio_mode=auto \
	  Tests/Editors/test_server.py
	$(EDITED) timeout --kill-after=10 60 nvim --headless --clean -c "luafile Tests/Editors/neovim.lua"
	timeout --kill-after=10 300 python3 Tests/Editors/load.py $(BUILD) $(EDITS)

# Writes the man pages from the program's texts.
MAN ?= .build/man

man: build
	@$(MAKE) --no-print-directory deps PACKAGES="python3"
	python3 Packaging/man.py $(BUILD) $(MAN)

# Tests the pages of `nnexp serve` over HTTP and in a headless browser.
test-serve: build
	@$(MAKE) --no-print-directory deps PACKAGES="python3 chromium"
	timeout --kill-after=10 180 python3 Tests/Browser/serve.py $(BUILD)

# Compares the bits of the kernels on x86-64, on 64-bit ARM under qemu, and with a `long` of 32 bits.
ARM64_PACKAGES = gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user lib32gcc-12-dev libc6-dev-i386

test-arm64:
	@$(MAKE) --no-print-directory deps PACKAGES="$(ARM64_PACKAGES)" APT=--no-install-recommends
	Tests/Kernels/compare .build/kernels

lint:
	swift format lint --strict --recursive Package.swift Sources plugins Tests

format:
	swift format --in-place --recursive Package.swift Sources plugins Tests

# The gradient check on 10,000 random sound networks and on wrong layers of every kind, of
# which `make test` samples; a few minutes.
test-proof: deps
	NNEXP_PROOF=1 swift build -c release --product Proof
	.build/release/Proof

# Every shipped experiment, with its own expectations.
experiments: build
	@set -e; for file in experiments/*.yaml experiments/seeds/*.yaml experiments/plugins/*.yaml; do echo "== $$file"; $(BUILD) run $$file --quiet; done

# Every shipped sweep, with its own expectations.
sweeps: build
	@set -e; for file in experiments/sweeps/*.yaml; do echo "== $$file"; $(BUILD) sweep $$file --quiet; done

# Tests every shipped plugin against the engine's requirements.
plugins: build
	@set -e; for file in plugins/*.swift plugins/*.c; do echo "== $$file"; $(BUILD) plugin test $$file; done

# Runs the commands that README.md and the guides show, and compares their output.
documents: build
	@$(MAKE) --no-print-directory deps PACKAGES="python3"
	python3 Tests/Documents/run_documents.py $(BUILD)

# Draws the pictures of the README and the guide again. They are the charts of reports and plots
# and the texts of terminals, not screenshots, which depend on the browser and its fonts.
TERMINAL = python3 $(CURDIR)/Tests/Documents/terminal.py
PICTURES = $(CURDIR)/Sources/nnexp/Documentation.docc/Resources

pictures: build
	@$(MAKE) --no-print-directory deps PACKAGES="python3"
	rm -rf .build/pictures && mkdir -p .build/pictures $(PICTURES)
	cd .build/pictures && for name in digits_lp iris; do \
	  $(CURDIR)/$(BUILD) run $(CURDIR)/experiments/$$name.yaml --quiet || exit 1; done
	cd .build/pictures && $(CURDIR)/$(BUILD) sweep $(CURDIR)/experiments/sweeps/xor_rates.yaml \
	  --quiet --output rates || test $$? = 1
	cd .build/pictures && $(CURDIR)/$(BUILD) report results/digits_lp/latest --force \
	  --output $(CURDIR)/experiments/digits_lp.svg
	cd .build/pictures && $(CURDIR)/$(BUILD) report results/iris/latest --force --output $(PICTURES)/report.svg
	cd .build/pictures && $(CURDIR)/$(BUILD) plot results/iris/latest --force --output $(PICTURES)/plot.svg
	cd .build/pictures && $(CURDIR)/$(BUILD) plot rates --force --output $(PICTURES)/sweep.svg
	cp experiments/xor.yaml .build/pictures
	cd .build/pictures && $(TERMINAL) $(PICTURES)/watch.svg --save xor.yaml 'learning_rate: 2' \
	  'learning_rate: 8' --from loss --before 'waiting for' -- $(CURDIR)/$(BUILD) watch xor.yaml
	$(TERMINAL) $(PICTURES)/explain.svg --columns 96 --from "'pool': lp_pooling" --before "'output': dense" \
	  -- $(BUILD) explain experiments/digits_lp.yaml

# Opens reports in headless Chromium; SCREENSHOTS=folder keeps pictures for a person to look at.
test-browser: build
	@$(MAKE) --no-print-directory deps PACKAGES="chromium python3" APT=--no-install-recommends
	python3 Tests/Browser/report.py $(BUILD) $(SCREENSHOTS)

# Rewrites the tables of keys in Sources/nnexp/Documentation.docc from the program's descriptions.
tables:
	NNEXP_UPDATE_TABLES=1 swift test --filter GuideTests

# The files that plugins compile against are installed in lib/nnexp and include.
install: build
	install -d $(PREFIX)/bin $(PREFIX)/include $(PREFIX)/lib/nnexp/COpenBLAS $(PREFIX)/share/bash-completion/completions \
	  $(PREFIX)/share/zsh/site-functions $(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(BUILD) $(PREFIX)/bin/nnexp
	install -d $(PREFIX)/libexec/nnexp
	install -s -m 755 $(BUILD)-serve $(PREFIX)/libexec/nnexp/nnexp-serve
	install -s -m 755 $(BUILD)-onnx $(PREFIX)/libexec/nnexp/nnexp-onnx
	install -s -m 755 $(BUILD)-mlflow $(PREFIX)/libexec/nnexp/nnexp-mlflow
	install -m 644 .build/release/Modules/NNExp.swiftmodule .build/release/Modules/Platform.swiftmodule $(PREFIX)/lib/nnexp
	install -d $(PREFIX)/lib/nnexp/CKernels
	install -m 644 Sources/CKernels/include/* $(PREFIX)/lib/nnexp/CKernels
	install -m 644 Sources/COpenBLAS/module.modulemap Sources/COpenBLAS/shim.h $(PREFIX)/lib/nnexp/COpenBLAS
	install -m 644 Sources/CPlugins/include/nnexp_plugin.h $(PREFIX)/include
	$(BUILD) --generate-completion-script bash > $(PREFIX)/share/bash-completion/completions/nnexp
	$(BUILD) --generate-completion-script zsh > $(PREFIX)/share/zsh/site-functions/_nnexp
	$(BUILD) --generate-completion-script fish > $(PREFIX)/share/fish/vendor_completions.d/nnexp.fish

# Packages that contain Swift's runtime, in .build/packages.
PACKAGE_TOOLS = patchelf dpkg-dev python3

deb tarball wheel: build
	@$(MAKE) --no-print-directory deps PACKAGES="$(PACKAGE_TOOLS)" APT=--no-install-recommends
	Packaging/$@

# Trackers (TensorBoard, MLflow) and the packages, each installed as a user would. Needs root for a
# Debian system in a folder.
ELSEWHERE_PACKAGES = $(PACKAGE_TOOLS) python3-venv chromium lintian debootstrap

test-elsewhere: deb tarball wheel
	@$(MAKE) --no-print-directory deps PACKAGES="$(ELSEWHERE_PACKAGES)" APT=--no-install-recommends
	@$(MAKE) --no-print-directory .build/python/Elsewhere/complete
	Tests/Elsewhere/packages .build/packages .build/python/Elsewhere/bin
	timeout --kill-after=10 600 .build/python/Elsewhere/bin/python Tests/Elsewhere/trackers.py $(BUILD) $(SCREENSHOTS)

# The guide and the reference of NNExp as a web site, in .build/docs.
docs: build
	Packaging/docs .build/docs

uninstall:
	rm -rf $(PREFIX)/lib/nnexp $(PREFIX)/libexec/nnexp
	rm -f $(PREFIX)/bin/nnexp $(PREFIX)/include/nnexp_plugin.h $(PREFIX)/share/bash-completion/completions/nnexp \
	  $(PREFIX)/share/zsh/site-functions/_nnexp $(PREFIX)/share/fish/vendor_completions.d/nnexp.fish

# Installs the system's packages that `dpkg` does not list.
deps:
	@missing=""; for package in $(PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing"; \
	  if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	  $$sudo flock Makefile sh -c "apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(APT) $$missing"; \
	fi

# Speed compared with other tools and with C: Benchmarks/README.md. BENCH="--quick --only W1,W2".
BENCH_PACKAGES = gcc g++ pkg-config python3-venv python3-dev libopenblas-dev libdnnl-dev libfann-dev

bench: build bench-deps
	Benchmarks/.venv/bin/python Benchmarks/bench.py $(BENCH)

# Time and memory as sizes grow; half an hour.
bench-scale: build bench-deps
	Benchmarks/.venv/bin/python Benchmarks/scale.py
	Benchmarks/.venv/bin/python Benchmarks/sizes.py

# The memory of networks compared with the forecast and with PyTorch; a minute.
bench-memory: build bench-deps
	Benchmarks/.venv/bin/python Benchmarks/memory.py

bench-deps:
	@$(MAKE) --no-print-directory deps PACKAGES="$(BENCH_PACKAGES)"
	@$(MAKE) --no-print-directory --directory Benchmarks

# Reading a CSV file, compared with pandas and polars; a minute.
bench-reading: build bench-deps
	Benchmarks/.venv/bin/python Benchmarks/reading.py

# The kernels of matrix products compared with OpenBLAS; half a minute.
bench-products: bench-deps
	@mkdir -p .build/kernels
	clang -O2 -I Sources/CKernels/include -o .build/kernels/products Benchmarks/limits/products.c \
	  Sources/CKernels/*.c $$(pkg-config --cflags --libs openblas) -lm
	OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=SkylakeX .build/kernels/products avx512
	OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell .build/kernels/products avx2

# Counts the instructions of fixed runs, and fails if they grow by more than 5%.
bench-instructions: build
	@$(MAKE) --no-print-directory deps PACKAGES="valgrind python3 binutils"
	python3 Benchmarks/instructions.py

bench-instructions-record: build
	@$(MAKE) --no-print-directory deps PACKAGES="valgrind python3 binutils"
	python3 Benchmarks/instructions.py --record

# Formulas compared with the layers that compute the same; a few minutes.
bench-formulas: build
	python3 Benchmarks/formulas.py

clean:
	rm -rf .build

# Coverage-guided fuzzing of every reader and of the kernels, each for FUZZ_SECONDS, with the address
# sanitizer, and of the kernels with the undefined-behavior sanitizer; Swift traps by itself.
# Inputs that it finds are kept in .build/corpus. Two readers are fuzzed at a time.
FUZZ_SECONDS ?= 600
FUZZ = .build/fuzz/debug/Fuzz
FUZZED = yaml experiment overrides csv idx npy npz checkpoint json plan run summary job formula \
  safetensors weights graph events messages
FUZZED_KERNELS = .build/fuzz/kernels
# The address sanitizer finds wrong pointers when they are used. Other checks of them take minutes to
# compile, and so do its own unless they are calls.
SANITIZERS = -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
  -fno-sanitize=null,pointer-overflow,object-size -fsanitize-address-outline-instrumentation
LIMITS = -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -verbosity=0 \
  -print_final_stats=1 -artifact_prefix=.build/corpus/

.PHONY: fuzz
fuzz: deps $(FUZZED_KERNELS)
	NNEXP_FUZZ=1 NNEXP_UNOPTIMIZED=1 swift build --scratch-path .build/fuzz --product Fuzz \
	  --sanitize address -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld
	@mkdir -p $(addprefix .build/corpus/,$(FUZZED))
	@printf '%s\n' $(FUZZED) | xargs -P 2 -I % sh -c ' \
	  FUZZ_TARGET=% ASAN_OPTIONS=detect_leaks=0 $(FUZZ) $(LIMITS) .build/corpus/% \
	    Tests/Fuzz/Seeds/% > .build/corpus/%.log 2>&1; \
	  code=$$?; cat .build/corpus/%.log; exit $$code'
	@echo "== kernels"; mkdir -p .build/corpus/kernels; \
	  $(FUZZED_KERNELS) $(LIMITS) -max_len=400 .build/corpus/kernels

$(FUZZED_KERNELS): Tests/Fuzz/kernels.c $(wildcard Sources/CKernels/*.c Sources/CKernels/*.h)
	@mkdir -p $@.objects
	printf '%s\n' Tests/Fuzz/kernels.c Sources/CKernels/*.c | xargs -P 2 -I % sh -c \
	  'clang -O1 -g $(SANITIZERS) -I Sources/CKernels/include -c % -o $@.objects/$$(basename %).o'
	clang -fuse-ld=lld $(SANITIZERS) -o $@ $@.objects/*.o
