#!/usr/bin/env bash
# Puts what the laptop stack runs on into .local/tools, pinned: the official DynamoDB Local and the JSONata library.
set -euo pipefail
cd "$(dirname "$0")/../.."

for program in java npm; do
  command -v "$program" >/dev/null || { echo "tools: $program is missing; install Java 17 and Node 20" >&2; exit 1; }
done
scripts/tools/fetch-jsonata.sh
scripts/tools/fetch-npm.sh amplify-dynamodb-simulator 2.9.30 \
  sha512-xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ== \
  .local/tools/amplify-dynamodb-simulator
