import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareRevisions,
  decodeRevision,
  encodeHlc,
  encodeRevision,
  isRevision,
  revisionTimeMs,
} from '../../src/replication/revision.ts';

/** Reference 5.8.4: the last two were seen on real servers. */
const VECTORS: readonly (readonly [number, number, bigint, string])[] = [
  [1609459200000, 0, 1687640290099200000n, '_bpq8a-----'],
  [1700000000000, 0, 1782579200000000000n, '_g69jY-----'],
  [1700000000000, 5, 1782579200000000005n, '_g69jY----D'],
  [1754006400123, 1, 1839209015015374849n, '_kEJrpFq--_'],
  [1534960539537, 0, 1609522782705549312n, '_XUJFD3C---'],
  [1646826608809, 6, 1726822858158505990n, '_d04B0Ii--E'],
];

describe('revisions', () => {
  test.each(VECTORS)('%d ms, counter %d is %d, printed %s', (ms, counter, value, text) => {
    expect((BigInt(ms) << 20n) + BigInt(counter)).toBe(value);
    expect(encodeRevision(value)).toBe(text);
    expect(decodeRevision(text)).toBe(value);
    expect(revisionTimeMs(text)).toBe(ms);
  });

  test('the ends of the range print as the reference says', () => {
    expect(encodeHlc(0n)).toBe('');
    expect(decodeRevision('')).toBe(0n);
    expect(encodeRevision(2n ** 64n - 1n)).toBe('N9999999999');
    expect(() => encodeRevision(2n ** 64n)).toThrow(/64-bit/);
  });

  test('small values print as decimal, and only those', () => {
    expect(encodeRevision(1450656000000n)).toBe('1450656000000');
    expect(encodeRevision(1450656000001n)).not.toMatch(/^[1-9]/);
    expect(decodeRevision('54')).toBe(54n);
  });

  test('any value survives printing and reading', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const text = encodeRevision(value);
        return isRevision(text) && decodeRevision(text) === value;
      }),
    );
  });

  test('comparing texts is comparing values', () => {
    const revision = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const recent = fc.bigInt({ min: 1700000000000n << 20n, max: (1700000000000n << 20n) + 2n ** 30n });
    fc.assert(
      fc.property(fc.oneof(revision, recent), fc.oneof(revision, recent), (a, b) => {
        const expected = a < b ? -1 : a > b ? 1 : 0;
        return Math.sign(compareRevisions(encodeRevision(a), encodeRevision(b))) === expected;
      }),
    );
  });

  test.each(['_g69jY----D_', 'é', '-g69jY----D', 'O9999999999', '99999999999999999999', '_g69 jY'])(
    '%s is none',
    (text) => {
      expect(isRevision(text)).toBe(false);
      expect(() => decodeRevision(text)).toThrow(/no revision/);
      expect(() => compareRevisions(text, '_g69jY-----')).toThrow(/no revision/);
    },
  );
});
