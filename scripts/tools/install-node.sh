#!/usr/bin/env bash
# Installs the pinned npm tools beside their lock file, when they are not there yet.
set -euo pipefail
cd "$(dirname "$0")"

command -v npm >/dev/null || { echo "tools: npm is missing; install Node 20" >&2; exit 1; }
cmp -s package-lock.json node_modules/.installed && exit 0
npm ci --no-fund --no-audit --loglevel=error
cp package-lock.json node_modules/.installed
