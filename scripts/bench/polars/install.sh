#!/usr/bin/env bash
# Puts the pinned Polars for Node into DIR, and a command `polars` that runs main.cjs with it.
#
#   install.sh DIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$1

command -v node >/dev/null || { echo "polars: node is missing; install Node 20" >&2; exit 1; }
mkdir -p "$dir/node_modules"
"$here/../../tools/fetch-npm.sh" nodejs-polars 0.26.1 \
  sha512-nOWRNrwPAle1KP2w+fj9v1UDUZWbPU37uuImF3mntQyLgUvJ6BTj7+gdR3smKHwtm0t2xY5fbFUoRpj3FobZqQ== "$dir/node_modules/nodejs-polars"
"$here/../../tools/fetch-npm.sh" nodejs-polars-linux-x64-gnu 0.26.1 \
  sha512-0spW4yns62Xw+D77QPChBoT1ib7jUqrJRkfaNICG1Y8WJ3maVJ4xjf3KT3u+9zNimb/sJcPGdWSr2gEypAnJtg== "$dir/node_modules/nodejs-polars-linux-x64-gnu"
cp "$here/main.cjs" "$dir/main.cjs"
printf '#!/bin/sh\nexec node "%s/main.cjs" "$@"\n' "$(cd "$dir" && pwd)" >"$dir/polars"
chmod +x "$dir/polars"
