import { describe, expect, test } from 'vitest';
import { defineChecks } from './checks.ts';
import { startEmbeddedTarget } from './embedded-target.ts';
import type { Target } from './target.ts';

/** Fewer different checks than this cannot stand for the reference. */
const CHECKS_MIN = 150;

const targets: Target[] = [];
for (const mode of ['single', 'cluster'] as const) {
  for (const authentication of [false, true]) targets.push(await startEmbeddedTarget(mode, authentication));
}

for (const target of targets) {
  const { mode, authentication } = target.facts;
  describe(`embedded ${mode}, ${authentication ? 'with' : 'without'} authentication`, () => {
    defineChecks(target);
  });
}

test(`the suite holds at least ${CHECKS_MIN} different checks, each citing a section`, () => {
  const names = new Set(targets.flatMap((target) => target.names));
  expect(names.size).toBeGreaterThanOrEqual(CHECKS_MIN);
  expect([...names].filter((name) => !/^\d\.\d+(\.\d)?: /.test(name))).toEqual([]);
});

test('no check has the name of another one', () => {
  for (const { names } of targets) expect(new Set(names).size).toBe(names.length);
});
