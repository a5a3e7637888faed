#!/usr/bin/env bash
# Puts one npm package, unpacked and without its dependencies, into DEST.
#
#   fetch-npm.sh NAME VERSION INTEGRITY DEST
#
# INTEGRITY is the registry's own ("sha512-…", as in package-lock.json); another content is refused and nothing is left
# behind. Does nothing when DEST already holds that integrity.
set -euo pipefail

if [ $# -ne 4 ]; then
  echo "usage: fetch-npm.sh NAME VERSION INTEGRITY DEST" >&2
  exit 2
fi
name=$1 version=$2 integrity=$3 dest=$4
mark=$dest/.integrity

if [ -f "$mark" ] && [ "$(cat "$mark")" = "$integrity" ]; then
  exit 0
fi

mkdir -p "$(dirname "$dest")"
if command -v flock >/dev/null; then # two builds or tests at once fetch only once
  exec 9>"$dest.lock"
  flock 9
  if [ -f "$mark" ] && [ "$(cat "$mark")" = "$integrity" ]; then
    exit 0
  fi
fi
work=$(mktemp -d "$(cd "$(dirname "$dest")" && pwd)/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

npm pack --silent --pack-destination "$work" "$name@$version" >/dev/null
tarball=$(find "$work" -maxdepth 1 -name '*.tgz')
found=sha512-$(openssl dgst -sha512 -binary "$tarball" | openssl base64 -A)
if [ "$found" != "$integrity" ]; then
  echo "fetch-npm: $name@$version has integrity $found, expected $integrity" >&2
  exit 1
fi

mkdir "$work/package.new"
tar -xzf "$tarball" -C "$work/package.new" --strip-components=1
printf '%s' "$integrity" >"$work/package.new/.integrity"
rm -rf "$dest"
mv "$work/package.new" "$dest"
