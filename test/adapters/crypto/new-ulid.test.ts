import { decodeTime, isValid } from 'ulid';
import { expect, it } from 'vitest';
import { newUlid } from '../../../src/adapters/crypto/new-ulid.ts';

it('gives valid ULIDs of now that never meet, and every character in their random part', () => {
  const before = Date.now();
  const ids = Array.from({ length: 10_000 }, newUlid);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every(isValid)).toBe(true);
  expect(ids.every((id) => decodeTime(id) >= before && decodeTime(id) <= Date.now())).toBe(true);
  expect(new Set(ids.flatMap((id) => [...id.slice(10)])).size).toBe(32);
});
