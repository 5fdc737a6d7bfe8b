import { expect, test } from 'vitest';
import { StructureCheck } from '../../../src/replication/target/structure-check.ts';
import type { ComparisonRequest } from '../../../src/wire/comparisons.ts';

const request = (more: Partial<ComparisonRequest> = {}): ComparisonRequest => ({
  ...{ id: 'r1', taskId: 'inventory', deep: false, repair: false },
  ...more,
});
const ofUser = (name: string) => ({ database: '_system', collection: '_users', detail: `not created user ${name}` });

function checking(more: Partial<ComparisonRequest> = {}): StructureCheck {
  const check = new StructureCheck();
  check.follow(request(more), 0);
  return check;
}

test('the first inventory may be older than the request: equal is what the second one shows', () => {
  const check = checking();
  check.looked([], 0, false);
  expect(check.result).toEqual({ id: 'r1', taskId: 'inventory', state: 'comparing' });
  expect([check.isDue(0), check.isDue(0)]).toEqual([true, false]);
  check.looked([], 0, false);
  expect(check.result).toEqual({ id: 'r1', taskId: 'inventory', state: 'equal' });
  expect(check.isDue(1_000_000)).toBe(false);
});

test('an inventory that does not come is asked for again', () => {
  const check = checking();
  expect([check.isDue(14_999), check.isDue(15_000), check.isDue(15_001), check.isDue(30_000)]).toEqual([
    ...[false, true],
    ...[false, true],
  ]);
});

test('different is what two looks show, a while apart; what comes and goes is looked at again', () => {
  const check = checking();
  check.looked([ofUser('a')], 0, false);
  expect([check.isDue(999), check.isDue(1_000)]).toEqual([false, true]);
  check.looked([ofUser('b')], 1_000, false);
  expect(check.result?.state).toBe('comparing');
  check.looked([ofUser('b')], 2_000, false);
  expect(check.result).toMatchObject({ state: 'different', structure: [ofUser('b')] });
});

test('S1: what waits for another inventory to be dropped is not different yet', () => {
  const check = checking({ repair: true });
  check.foundBefore([ofUser('a')]);
  check.looked([ofUser('a')], 0, true);
  check.looked([ofUser('a')], 2_000, true);
  expect(check.result?.state).toBe('comparing');
  check.looked([], 4_000, false);
  expect(check.result).toMatchObject({ state: 'equal', structure: [ofUser('a')] });
});

test('comes to an end whatever comes and goes', () => {
  const check = checking();
  for (let look = 0; look < 8; look += 1) check.looked([ofUser(`u${look}`)], look * 1_000, false);
  expect(check.result).toMatchObject({ state: 'different', structure: [ofUser('u7')] });
});

test('names so many, and counts the rest', () => {
  const check = checking();
  const many = Array.from({ length: 250 }, (_, n) => ofUser(`u${n}`));
  check.looked(many, 0, false);
  check.looked(many, 1_000, false);
  expect(check.result?.structure).toHaveLength(201);
  expect(check.result?.structure?.at(-1)?.detail).toBe('50 more differences of the structure');
});

test('the same request again changes nothing; what cannot be looked at is untold', () => {
  const check = checking();
  expect(check.follow(request(), 0)).toBe(false);
  check.failed('no answer');
  expect(check.result).toMatchObject({ state: 'untold', reason: 'no answer' });
  expect(check.follow(request({ id: 'r2' }), 0)).toBe(true);
  expect(check.wanted).toBe('r2');
  expect(check.follow(undefined, 0)).toBe(false);
  expect(check.result).toBeUndefined();
});
