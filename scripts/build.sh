#!/usr/bin/env bash
# Builds the functions for this machine as .local/bin/<name>/bootstrap, and the programs that run them.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v go >/dev/null || { echo "build: Go is missing; install Go 1.26 or later" >&2; exit 1; }

mkdir -p .local/bin .local/build
go build -tags lambda.norpc -ldflags='-s -w' -o .local/build/ ./functions/...
for dir in functions/*/; do
  name=$(basename "$dir")
  mkdir -p ".local/bin/$name"
  mv ".local/build/$name" ".local/bin/$name/bootstrap"
done
go build -o .local/bin/ ./scripts/run ./scripts/smoke
