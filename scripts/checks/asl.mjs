// Checks Amazon States Language files with two independent validators: the
// schema and expression checks of asl-validator, and the state graph checks of
// the language service that the AWS editors use.
//
//   node scripts/checks/asl.mjs statemachines/*.asl.json
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const tools = createRequire(new URL('../tools/package.json', import.meta.url));
const validateSchema = tools('asl-validator');
const { getLanguageService, TextDocument } = tools('amazon-states-language-service');

const service = getLanguageService({});

async function findings(path) {
  const text = readFileSync(path, 'utf8');
  const found = [];
  const schema = validateSchema(JSON.parse(text));
  if (!schema.isValid) found.push(`asl-validator: ${schema.errorsText('; ')}`);
  const document = TextDocument.create(`file:///${path}`, 'asl', 1, text);
  const diagnostics = await service.doValidation(document, service.parseJSONDocument(document));
  for (const { range, message } of diagnostics) {
    found.push(`language service: line ${range.start.line + 1}: ${message}`);
  }
  return found;
}

const paths = process.argv.slice(2);
if (paths.length === 0) {
  console.error('usage: asl.mjs FILE...');
  process.exit(2);
}
let failed = false;
for (const path of paths) {
  for (const finding of await findings(path)) {
    failed = true;
    console.log(`${path}: ${finding}`);
  }
}
process.exit(failed ? 1 : 0);
