// Checks a template against the AWS Control Tower rules of CloudFormation
// Guard. A finding is accepted only by an entry below, with its reason, and an
// entry that accepts nothing any more is itself a finding.
//
//   node scripts/checks/guard.mjs infra/testdata/headwater.template.json
import { createRequire } from 'node:module';

const tools = createRequire(new URL('../tools/package.json', import.meta.url));
const { CfnGuardValidator } = tools('@cdklabs/cdk-validator-cfnguard');

const accepted = [
  {
    rule: 'api_gw_v2_authorization_type_configured_check',
    resources: /^HttpApi(GETopenapiyaml|OPTIONSproxy)/,
    because: 'the API document and the browser preflight carry no data and need no key',
  },
  {
    rule: 'cloudwatch_log_group_encrypted_check',
    resources: /Logs[0-9A-F]{8}$/,
    because: 'logs hold ids and codes, never values or credentials; CloudWatch encrypts them with its own key',
  },
  {
    rule: 'cloudwatch_log_group_retention_period_check',
    resources: /Logs[0-9A-F]{8}$/,
    because: 'logs are for finding faults; the history of runs and validations is in the table',
  },
  {
    rule: 'kms_create_grant_aws_service_check',
    resources: /^(Key[0-9A-F]{8})?$/,
    because: 'no role of the stack may create grants; what administrators may do is the account owner\'s policy',
  },
  {
    rule: 'lambda_function_public_access_prohibited_check',
    resources: /^HttpApi.*Permission[0-9A-F]{8}$/,
    because: 'each permission names the API as its source, in an Fn::Join that the rule does not read; a template test holds it',
  },
  {
    rule: 'lambda_inside_vpc_check',
    resources: /./,
    because: 'the functions talk to AWS and to external platforms only; nothing they use is in a VPC',
  },
  {
    rule: 's3_bucket_default_encryption_kms_check',
    resources: /^LakeAccessLogs/,
    because: 'a log of keys and times, encrypted by S3; its writer is S3 itself',
  },
  {
    rule: 's3_bucket_logging_enabled_check',
    resources: /^LakeAccessLogs/,
    because: 'a bucket of access logs would log its own writing',
  },
  {
    rule: 's3_bucket_object_lock_enabled_check',
    resources: /^Lake/,
    because: 'the lake rewrites, compacts and expires its files; versioning keeps a week of mistakes',
  },
  {
    rule: 's3_bucket_versioning_enabled_check',
    resources: /^LakeAccessLogs/,
    because: 'access logs are written once',
  },
  {
    rule: 's3_event_notifications_enabled_check',
    resources: /^Lake/,
    because: 'nothing reacts to single objects; a run ends by its commit',
  },
  {
    rule: 'sqs_dlq_check',
    resources: /DeadLetters/,
    because: 'these queues are the dead-letter queues',
  },
];

const templates = process.argv.slice(2);
if (templates.length === 0) {
  console.error('usage: guard.mjs TEMPLATE...');
  process.exit(2);
}
const { violations } = new CfnGuardValidator().validate({ templatePaths: templates });
const used = new Set();
const findings = [];
for (const { ruleName, fix, violatingResources } of violations) {
  for (const { resourceLogicalId = '', locations } of violatingResources) {
    const entry = accepted.find((a) => a.rule === ruleName && a.resources.test(resourceLogicalId));
    if (entry) used.add(entry);
    else findings.push(`${ruleName}: ${resourceLogicalId} (${locations[0]}): ${fix ?? ''}`);
  }
}
for (const { rule } of accepted.filter((a) => !used.has(a))) {
  findings.push(`${rule}: is accepted here, but nothing violates it`);
}
for (const finding of findings) console.log(finding);
process.exit(findings.length === 0 ? 0 : 1);
