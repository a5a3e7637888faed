#!/usr/bin/env bash
# Builds the functions as Lambda runs them: build/lambda/<name>/bootstrap, Linux on arm64, the same bytes from the same commit.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p build/all
CGO_ENABLED=0 GOOS=linux GOARCH=arm64 \
  go build -trimpath -tags lambda.norpc -ldflags='-s -w -buildid=' -o build/all/ ./functions/...
for dir in functions/*/; do
  name=$(basename "$dir")
  mkdir -p "build/lambda/$name"
  mv "build/all/$name" "build/lambda/$name/bootstrap"
done
