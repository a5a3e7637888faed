#!/usr/bin/env bash
# Runs every test: with the race detector, but for infra/, whose CDK libraries are foreign code behind a Node process.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v "${CC:-cc}" >/dev/null || { echo "test: a C compiler is missing, which Go's race detector needs; install gcc" >&2; exit 1; }

gotestsum=(go tool -modfile=scripts/tools/go.mod gotestsum --format pkgname --format-hide-empty-pkg)
mapfile -t raced < <(go list ./... | grep -v '/infra$')
"${gotestsum[@]}" -- -race -timeout 20m "${raced[@]}"
"${gotestsum[@]}" -- -timeout 20m ./infra
# Modules of their own, for DuckDB is large.
go test -C scripts/peers/snowflake ./...
go test -C scripts/bench/duck ./...
