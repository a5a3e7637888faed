#!/usr/bin/env bash
# Runs every test: with the race detector, but for infra/, whose CDK libraries are foreign code behind a Node process,
# and for those that are about size: one goroutine's work, many times slower under the detector.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v "${CC:-cc}" >/dev/null || { echo "test: a C compiler is missing, which Go's race detector needs; install gcc" >&2; exit 1; }

gotestsum=(go tool -modfile=scripts/tools/go.mod gotestsum --format pkgname --format-hide-empty-pkg)
mapfile -t raced < <(go list ./... | grep -v '/infra$')
size='^(TestDiscoverManyTables|TestAHundredThousandObjects|TestMergeEqualsAModel|Test(Writer|Merge|Maintain)MemoryIsBounded|TestThirtyDays)$'
"${gotestsum[@]}" -- -race -timeout 20m -skip "$size" "${raced[@]}"
"${gotestsum[@]}" -- -timeout 20m ./infra
"${gotestsum[@]}" -- -timeout 20m -run "$size" ./shared/lake ./shared/source/{bigquery,file,s3,snowflake}
# Each day's runs take longer than the last one's, as the tables grow: all thirty days are go test ./scripts/simulation.
"${gotestsum[@]}" -- -timeout 20m ./scripts/simulation -args -days 5
# Modules of their own, for DuckDB is large.
go test -C scripts/peers/snowflake ./...
go test -C scripts/bench/duck ./...
