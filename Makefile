# nnexp: `make run`, `make test`, `make install`. Every target installs what is missing first.

PREFIX ?= /usr/local
FILE ?= experiments/xor.yaml
PACKAGES = libyaml-dev libopenblas0-pthread zlib1g-dev libssl3
BUILD = .build/release/nnexp

.PHONY: run build test test-faults lint format install uninstall deps experiments clean

run: build
	$(BUILD) run $(FILE)

build: deps
	swift build -c release --product nnexp

# The release build is there for the tests that measure it.
test: build
	swift test

# The tests of faults at every operation and every byte that the others sample.
test-faults: build
	NNEXP_FAULTS=all swift test --filter "RunningTests|ResultsTests"

lint:
	swift format lint --strict --recursive Package.swift Sources plugins Tests

format:
	swift format --in-place --recursive Package.swift Sources plugins Tests

# Every experiment that ships, each with its own expectations.
experiments: build
	@set -e; for file in experiments/*.yaml experiments/seeds/*.yaml; do echo "== $$file"; $(BUILD) run $$file --quiet; done

install: build
	install -d $(PREFIX)/bin $(PREFIX)/share/bash-completion/completions \
	  $(PREFIX)/share/zsh/site-functions $(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(BUILD) $(PREFIX)/bin/nnexp
	$(BUILD) --generate-completion-script bash > $(PREFIX)/share/bash-completion/completions/nnexp
	$(BUILD) --generate-completion-script zsh > $(PREFIX)/share/zsh/site-functions/_nnexp
	$(BUILD) --generate-completion-script fish > $(PREFIX)/share/fish/vendor_completions.d/nnexp.fish

uninstall:
	rm -f $(PREFIX)/bin/nnexp $(PREFIX)/share/bash-completion/completions/nnexp \
	  $(PREFIX)/share/zsh/site-functions/_nnexp $(PREFIX)/share/fish/vendor_completions.d/nnexp.fish

# The system's libraries, asked for once: `dpkg` knows what is there.
deps:
	@missing=""; for package in $(PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing"; \
	  if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq $$missing; \
	fi

clean:
	rm -rf .build
