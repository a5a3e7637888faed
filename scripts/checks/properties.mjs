// Checks every resource of a template against the CloudFormation schemas:
// the type exists, each property exists at its place and is of a fitting
// kind, allowed values are kept, and required properties are there.
//
//   node scripts/checks/properties.mjs infra/testdata/headwater.template.json
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const tools = createRequire(new URL('../tools/package.json', import.meta.url));
const database = tools('@aws-cdk/aws-service-spec').loadAwsServiceSpecSync();

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

// An intrinsic function stands for a value that only the deployment knows.
const isIntrinsic = (value) =>
  isObject(value) && Object.keys(value).length === 1 && /^(Ref|Condition|Fn::\w+)$/.test(Object.keys(value)[0]);

const primitives = {
  string: (v) => typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean',
  'date-time': (v) => typeof v === 'string',
  number: (v) => typeof v === 'number' || (typeof v === 'string' && v.trim() !== '' && !Number.isNaN(Number(v))),
  integer: (v) => Number.isInteger(typeof v === 'string' && v.trim() !== '' ? Number(v) : v),
  boolean: (v) => typeof v === 'boolean' || v === 'true' || v === 'false',
  json: () => true,
  null: (v) => v === null,
  tag: (v) => isObject(v) && 'Key' in v && 'Value' in v,
};

function* checkValue(path, value, type) {
  if (isIntrinsic(value)) return;
  switch (type.type) {
    case 'array':
      if (!Array.isArray(value)) yield `${path}: is not a list`;
      else for (const [i, item] of value.entries()) yield* checkValue(`${path}[${i}]`, item, type.element);
      return;
    case 'map':
      if (!isObject(value)) yield `${path}: is not a map`;
      else for (const [key, item] of Object.entries(value)) yield* checkValue(`${path}.${key}`, item, type.element);
      return;
    case 'union': {
      const attempts = type.types.map((t) => [...checkValue(path, value, t)]);
      if (!attempts.some((problems) => problems.length === 0)) yield* attempts[0];
      return;
    }
    case 'ref':
      yield* checkProperties(path, value, database.get('typeDefinition', type.reference.$ref).properties);
      return;
    default:
      if (!primitives[type.type](value)) yield `${path}: is not of type ${type.type}`;
      else if (type.allowedValues && !type.allowedValues.includes(value)) yield `${path}: is not one of ${type.allowedValues}`;
  }
}

function* checkProperties(path, value, properties) {
  if (!isObject(value)) {
    yield `${path}: is not an object`;
    return;
  }
  for (const [name, property] of Object.entries(properties)) {
    if (property.required && !(name in value)) yield `${path}.${name}: is required`;
  }
  for (const [name, item] of Object.entries(value)) {
    const property = properties[name];
    if (!property) {
      yield `${path}.${name}: is not a property`;
      continue;
    }
    // A property whose type changed over the years may still have the old one.
    const types = [property.type, ...(property.previousTypes ?? [])];
    yield* checkValue(`${path}.${name}`, item, types.length === 1 ? types[0] : { type: 'union', types });
  }
}

function* checkTemplate(template) {
  for (const [id, { Type, Properties = {} }] of Object.entries(template.Resources)) {
    const [resource] = database.lookup('resource', 'cloudFormationType', 'equals', Type);
    if (resource) yield* checkProperties(`${id} (${Type})`, Properties, resource.properties);
    else yield `${id}: ${Type} is not a resource type`;
  }
}

const paths = process.argv.slice(2);
if (paths.length === 0) {
  console.error('usage: properties.mjs TEMPLATE...');
  process.exit(2);
}
let failed = false;
for (const path of paths) {
  for (const problem of checkTemplate(JSON.parse(readFileSync(path, 'utf8')))) {
    failed = true;
    console.log(`${path}: ${problem}`);
  }
}
process.exit(failed ? 1 : 0);
