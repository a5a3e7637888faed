#!/usr/bin/env bash
# Synthesizes the stack into cdk.out with the pinned CDK CLI and the functions in build/lambda, and holds the template
# against the golden one. The settings of a deployment (cdk.context.json, see docs/deploy.md) change the template, so with
# them there is nothing to hold it against; the tests of infra/ compare without them.
set -euo pipefail
cd "$(dirname "$0")/.."

golden=infra/testdata/headwater.template.json
cdk=scripts/tools/node_modules/.bin/cdk
[ -x "$cdk" ] || { echo "synth: the CDK CLI is missing; run make tools-node" >&2; exit 1; }
[ -d build/lambda ] || { echo "synth: the functions are not built; run make build-lambda" >&2; exit 1; }

# The CDK's remarks about deprecated parts of its own, and about Node 20's age, say nothing about this app.
export JSII_DEPRECATED=quiet JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 CDK_DISABLE_CLI_TELEMETRY=1
"$cdk" synth --quiet

if [ -f cdk.context.json ]; then
  echo "synth: cdk.out is up to date, with the settings in cdk.context.json"
  exit 0
fi
# Asset hashes change with every build of a function; nothing else may.
normalised() { sed -E 's/\b[0-9a-f]{64}\b/asset/g' cdk.out/headwater.template.json; echo; }
if ! diff -u "$golden" <(normalised); then
  echo "synth: the template differs from $golden; if that is meant: go test ./infra -run Golden -update" >&2
  exit 1
fi
echo "synth: cdk.out is up to date and equals $golden"
