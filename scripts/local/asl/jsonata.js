// Binds the jsonata library to the interpreter: check() looks at an expression without running it, evaluate() runs it and
// reports through done(kind, value, code), where kind is 'json', 'undefined', 'unsupported' or 'error'.
(function (jsonata, host) {
  'use strict';

  const known = new Set(('sum count max min average string substring substringBefore substringAfter lowercase uppercase ' +
    'length trim pad match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ' +
    'ceil round abs sqrt power boolean not map zip filter single foldLeft reduce sift keys lookup append exists spread ' +
    'merge reverse each error assert type sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl ' +
    'decodeUrlComponent decodeUrl toMillis fromMillis now millis clone ' +
    'parse partition range hash random uuid').split(' '));

  function partition(items, size) {
    if (!Number.isInteger(size) || size < 1) {
      throw { code: 'D3141', message: 'The chunk size must be a positive integer' };
    }
    const chunks = [];
    for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
    return chunks;
  }

  // The result is a sequence, as AWS's is: one number alone comes out as itself, and none as undefined.
  function range(first, last, step) {
    if (step === 0) throw { code: 'D3141', message: 'The range increment must not be zero' };
    const values = [];
    for (let at = first; step > 0 ? at <= last : at >= last; at += step) {
      values.push(at);
      if (values.length > 1000) throw { code: 'D3141', message: 'The range must not exceed 1000 elements' };
    }
    return Object.defineProperty(values, 'sequence', { value: true });
  }

  function compile(text) {
    const expression = jsonata(text);
    expression.registerFunction('parse', (text) => JSON.parse(text), '<s-:x>');
    expression.registerFunction('partition', partition, '<an:a>');
    expression.registerFunction('range', range, '<nnn:a<n>>');
    expression.registerFunction('hash', (data, algorithm) => host.hash(data, algorithm), '<ss:s>');
    expression.registerFunction('random', (seed) => host.random(seed), '<n?:n>');
    expression.registerFunction('uuid', () => host.uuid(), '<:s>');
    return expression;
  }

  const compiled = new Map();
  function cached(text) {
    if (!compiled.has(text)) compiled.set(text, compile(text));
    return compiled.get(text);
  }

  // Collects the names that an expression calls and the names that it binds itself.
  function survey(node, calls, bound, used) {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) {
      node.forEach((child) => survey(child, calls, bound, used));
      return;
    }
    if (node.type === 'variable') used.add(node.value);
    if (node.type === 'bind' && node.lhs.type === 'variable') bound.add(node.lhs.value);
    if (node.type === 'lambda') node.arguments.forEach((argument) => bound.add(argument.value));
    if ((node.type === 'function' || node.type === 'partial') && node.procedure.type === 'variable') {
      calls.add(node.procedure.value);
    }
    if (node.type === 'apply' && node.rhs.type === 'variable') calls.add(node.rhs.value);
    Object.keys(node).forEach((key) => survey(node[key], calls, bound, used));
  }

  function check(text) {
    let expression;
    try {
      expression = compile(text);
    } catch (problem) {
      return problem.code + ': ' + problem.message;
    }
    const calls = new Set(), bound = new Set(), used = new Set();
    survey(expression.ast(), calls, bound, used);
    if (used.has('eval')) return 'the function $eval is not available in Step Functions';
    const unknown = [...calls].filter((name) => !known.has(name) && !bound.has(name));
    return unknown.length === 0 ? '' : 'unknown function $' + unknown.join(', $');
  }

  function unsupported(value) {
    if (typeof value === 'function') return true;
    if (value === null || typeof value !== 'object') return false;
    if (value._jsonata_function || value._jsonata_lambda) return true;
    return Object.keys(value).some((key) => unsupported(value[key]));
  }

  function evaluate(text, bindings, done) {
    let pending;
    try {
      pending = cached(text).evaluate(undefined, JSON.parse(bindings));
    } catch (problem) {
      pending = Promise.reject(problem);
    }
    pending.then((value) => {
      if (value === undefined) return done('undefined', '', '');
      if (unsupported(value)) return done('unsupported', '', '');
      done('json', JSON.stringify(value), '');
    }).catch((problem) => done('error', String(problem && problem.message), String((problem && problem.code) || '')));
  }

  return { check, evaluate };
})
