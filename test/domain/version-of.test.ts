import { expect, it } from 'vitest';
import { versionOf } from '../../src/domain/version-of.ts';

it('S18: what was made at one position of a log that went back has another name than what was made there before', () => {
  const before = { position: 7, term: 1, at: '2026-01-01T00:00:00.000Z' };
  expect(versionOf(before)).toBe(versionOf({ ...before }));
  expect(versionOf({ ...before, at: '2026-01-01T00:00:01.000Z' })).not.toBe(versionOf(before));
});
