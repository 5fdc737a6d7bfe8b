import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { countOf, RULES, testFilesOf, testNamesOf } from './rules.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');

test('each rule is listed once', () => {
  const names = RULES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

describe.each(RULES)('the ways to take out $name', (rule) => {
  test.each(rule.mutations)('$what: its text stands exactly once in its file', ({ file, find, replace }) => {
    expect(countOf(find, read(file))).toBe(1);
    expect(replace).not.toBe(find);
  });

  test.each(testFilesOf(rule))('%s has a test of that name, or takes it from a suite', (file) => {
    const text = read(file);
    const suites = [...text.matchAll(/from '\.\/([\w-]+-suite\.ts)'/g)].map(([, name]) => name);
    const texts = [text, ...suites.map((name) => read(`${file.slice(0, file.lastIndexOf('/'))}/${name}`))];
    expect(texts.some((one) => new RegExp(`['"\`(]${testNamesOf(rule)}`).test(one))).toBe(true);
  });
});
