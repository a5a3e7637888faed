#!/usr/bin/env bash
# Puts the JSONata library that the laptop stack evaluates expressions with into .local/tools/jsonata.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec scripts/tools/fetch-npm.sh jsonata 2.2.2 \
  sha512-XDFH2PuaAXv0AXJEWwElXbqADmKFGKMLMkFb+qOz0EhjQW2EIJ6pgtordLU+4u3IVERyBfqy6bi6kZKEncvRqA== \
  .local/tools/jsonata
