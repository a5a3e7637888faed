#!/usr/bin/env bash
# Installs the pinned npm tools, and the peers that tests run against, beside their lock files, when they are not there yet.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v npm >/dev/null || { echo "tools: npm is missing; install Node 20" >&2; exit 1; }
for place in tools peers/oidc; do
  cmp -s "$place/package-lock.json" "$place/node_modules/.installed" && continue
  npm ci --prefix "$place" --no-fund --no-audit --loglevel=error
  cp "$place/package-lock.json" "$place/node_modules/.installed"
done
