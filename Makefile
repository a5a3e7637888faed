# Headwater. `make run` brings the product up on this machine; `make test` runs every test.
# Whatever a target needs beyond Go, Node 20 and Java 17 it installs itself, pinned, under .local/ or node_modules/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test chaos smoke lint synth deploy crosscheck conformance bench bench-scale build build-lambda tools tools-node clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: build tools ## the whole product on this machine: does the main job once, then serves until Ctrl-C
	@exec .local/bin/run

smoke: build tools ## the main job from beginning to end on fresh state and free ports; one JSON line at the end
	@exec .local/bin/smoke

test: build tools tools-node ## every test
	scripts/test.sh

lint: ## linters and formatting
	go tool -modfile=scripts/tools/go.mod golangci-lint run ./...

synth: build-lambda tools-node ## the CloudFormation template, through the pinned CDK CLI, held against the golden one
	scripts/synth.sh

deploy: synth ## deploy to the AWS account of the ambient credentials; see docs/deploy.md
	scripts/tools/node_modules/.bin/cdk deploy --app cdk.out

crosscheck: build tools ## hold the product against recordings of AWS and independent Python readers
	scripts/crosscheck.sh

conformance: ## the suite that every driver passes, as a matrix of drivers and capabilities
	go run ./scripts/conformance

chaos: build tools ## imports in every mode while everything fails: RUNS seeds, 200 unless set; a failing seed is printed and can be tried again
	go run ./scripts/chaos -runs $${RUNS:-200}

bench: ## benchmarks of the packages, then whole imports against DuckDB and Polars on one core; see docs/benchmarks.md
	go test -run '^$$' -bench . -benchmem ./shared/...
	go run ./scripts/bench $(BENCH)

bench-scale: ## plan and commit by the number of splits; see docs/scale.md
	go run ./scripts/bench/scale $(BENCH)

build: ## the functions for this machine, into .local/bin
	scripts/build.sh

build-lambda: ## the functions as Lambda runs them, into build/lambda
	scripts/build-lambda.sh

tools: ## what the laptop stack runs on
	scripts/tools/install.sh

tools-node:
	scripts/tools/install-node.sh

clean: ## everything that was built or kept under .local/
	rm -rf .local build cdk.out
