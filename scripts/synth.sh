#!/usr/bin/env bash
# Synthesizes the stack into cdk.out with the pinned CDK CLI and the functions in build/lambda.
#
#   scripts/synth.sh                                    as by default, and held against the golden template
#   scripts/synth.sh -c headwater:region=eu-west-1 …    with settings of a deployment, see docs/deploy.md
set -euo pipefail
cd "$(dirname "$0")/.."

golden=infra/testdata/headwater.template.json
cdk=scripts/tools/node_modules/.bin/cdk
[ -x "$cdk" ] || { echo "synth: the CDK CLI is missing; run make tools-node" >&2; exit 1; }

# The CDK's remarks about parts of its own that are deprecated say nothing about this app.
export JSII_DEPRECATED=quiet JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 CDK_DISABLE_CLI_TELEMETRY=1
"$cdk" synth --quiet "$@"

[ $# -eq 0 ] || exit 0
# Asset hashes change with every build of a function; nothing else may.
normalised() { sed -E 's/\b[0-9a-f]{64}\b/asset/g' cdk.out/headwater.template.json; echo; }
if ! diff -u "$golden" <(normalised); then
  echo "synth: the template differs from $golden; if that is meant: go test ./infra -run Golden -update" >&2
  exit 1
fi
echo "synth: cdk.out is up to date and equals $golden"
