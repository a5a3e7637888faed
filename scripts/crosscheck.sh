#!/usr/bin/env bash
# Holds the product against others: executions and secrets that AWS itself recorded, where those recordings are at hand
# (HEADWATER_AWS_RECORDINGS, or ../shared/aws-recordings), the lake against PyIceberg, a reader that shares no code with it,
# and the Snowflake driver against fakesnow, a server that shares none.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v python3 >/dev/null || { echo "crosscheck: python3 is missing; install Python 3.11 or later" >&2; exit 1; }
venv=.local/venv
if ! cmp -s scripts/crosscheck/requirements.txt "$venv/.installed"; then
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r scripts/crosscheck/requirements.txt
  cp scripts/crosscheck/requirements.txt "$venv/.installed"
fi
export HEADWATER_CROSSCHECK_PYTHON=$PWD/$venv/bin/python
go test -count=1 -v -tags crosscheck -run 'PyIceberg|PyArrow|Recordings|Fakesnow' ./scripts/crosscheck/... ./shared/lake/... | grep -vE '^ *(=== (RUN|PAUSE|CONT|NAME)|--- PASS)'
